/** Parameter names of ClinicaDL's networks, and ours where they differ. */
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

/** Architectures of ClinicaDL 1.6.1 that run here; without names theirs are the same as ours. */
const CLINICADL_NETWORKS: Readonly<Record<string, Names>> = {
  Conv5_FC3: [],
  Conv4_FC3: [],
  Stride_Conv5_FC3: [],
  resnet18: RESNET18,
  ResNet3D: [],
  SqueezeExcitationCNN: [],
  RandomArchitecture: [],
  AE_Conv5_FC3: [],
  AE_Conv4_FC3: [],
  Vanilla3DdenseVAE: [],
  CVAE_3D_half: [],
  CVAE_3D_final_conv: [],
  GeneratorUNet: [],
};

/** Whether ClinicaDL has a network of this name. */
export function isClinicadlArchitecture(architecture: string): boolean {
  return Object.hasOwn(CLINICADL_NETWORKS, architecture);
}

/** Our parameters under ClinicaDL's names; unchanged where it has no such network. */
export function toClinicadlNames<T>(
  architecture: string,
  parameters: ReadonlyMap<string, T>,
): Map<string, T> {
  return rename(parameters, namesOf(architecture));
}

/** ClinicaDL's parameters under our names; unchanged where it has no such network. */
export function fromClinicadlNames<T>(
  architecture: string,
  parameters: ReadonlyMap<string, T>,
): Map<string, T> {
  return rename(
    parameters,
    namesOf(architecture).map(([ours, clinicadl]) => [clinicadl, ours] as const),
  );
}

function namesOf(architecture: string): Names {
  return isClinicadlArchitecture(architecture) ? CLINICADL_NETWORKS[architecture] : [];
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
