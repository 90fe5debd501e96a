/** Parameter names of ClinicaDL's networks, and ours where they differ. */
import { DataError } from "../errors.ts";

type Names = readonly (readonly [ours: string, clinicadl: string])[];

/**
 * ClinicaDL divides torchvision's ResNet-18: its backbone becomes a sequence (the ReLU and both
 * pools have no parameters), and a layer of 1000 features stays before the output.
 */
const RESNET18: Names = [
  ["conv1.", "convolutions.0."],
  ["bn1.", "convolutions.1."],
  ["layer1.", "convolutions.4."],
  ["layer2.", "convolutions.5."],
  ["layer3.", "convolutions.6."],
  ["layer4.", "convolutions.7."],
  ["fc.", "fc.1."],
  ["fc_out.", "fc.fc_out."],
];

/** Architectures of ClinicaDL 1.6.1 that run here; the others' names are the same as ours. */
const RENAMED: Readonly<Record<string, Names>> = {
  Conv5_FC3: [],
  Conv4_FC3: [],
  Stride_Conv5_FC3: [],
  resnet18: RESNET18,
};

/** Whether ClinicaDL has a network of this name. */
export function isClinicadlArchitecture(architecture: string): boolean {
  return Object.hasOwn(RENAMED, architecture);
}

/** Our parameters under ClinicaDL's names; unchanged where it has no such network. */
export function toClinicadlNames<T>(
  architecture: string,
  parameters: ReadonlyMap<string, T>,
): Map<string, T> {
  return rename(parameters, isClinicadlArchitecture(architecture) ? RENAMED[architecture] : []);
}

/** @throws {DataError} when the architecture is not among ours */
export function fromClinicadlNames<T>(
  architecture: string,
  parameters: ReadonlyMap<string, T>,
  subject: string,
): Map<string, T> {
  if (!isClinicadlArchitecture(architecture)) {
    throw new DataError(
      subject,
      `holds a network ${architecture}, which can't be run here; ` +
        `known are ${Object.keys(RENAMED).join(", ")}`,
    );
  }
  const names = RENAMED[architecture].map(([ours, clinicadl]) => [clinicadl, ours] as const);
  return rename(parameters, names);
}

function rename<T>(
  parameters: ReadonlyMap<string, T>,
  prefixes: readonly (readonly [string, string])[],
): Map<string, T> {
  return new Map([...parameters].map(([name, value]) => {
    const match = prefixes.find(([from]) => name.startsWith(from));
    return [match ? match[1] + name.slice(match[0].length) : name, value];
  }));
}
