/** Which networks ClinicaDL 1.6.1 can build: its classes take fewer shapes than ours. */
import { isReducedTemplate } from "../../imaging/extract/size_reduction.ts";
import type { MapsDescription } from "../../maps/description.ts";
import { isClinicadlArchitecture } from "../../maps/parameter_names.ts";
import { isVariational } from "../model/autoencoder_parameters.ts";

/** The only shape of ClinicaDL's residual networks of volumes, which have 2 outputs. */
const RESIDUAL_SHAPE = [1, 169, 208, 179];

/**
 * Voxels along an axis up to which one is left where a network normalises batches last: ClinicaDL's
 * constructors apply a network in training mode to one element, and fail where one value is left.
 */
const ONE_VALUE: Readonly<Record<string, number>> = {
  Conv5_FC3: 16,
  Conv4_FC3: 16,
  Stride_Conv5_FC3: 32,
  resnet18: 32,
  // They are made from the networks of the same convolutions.
  AE_Conv5_FC3: 16,
  AE_Conv4_FC3: 16,
};

/** Why ClinicaDL can't build the networks; undefined where it can. */
export function networkLimit(
  { architecture, input_shape, input_shapes, output_size, parameters }: MapsDescription,
): string | undefined {
  if (!isClinicadlArchitecture(architecture)) return `ClinicaDL has no ${architecture}`;
  const text = input_shape.join("x");
  if (architecture === "ResNet3D" || architecture === "SqueezeExcitationCNN") {
    const expected = RESIDUAL_SHAPE.join("x");
    if (text === expected && output_size === 2) return undefined;
    return `ClinicaDL's ${architecture} takes ${expected} to 2 outputs, this one ${text} to ${output_size}`;
  }
  if (architecture === "resnet18" && (input_shape.length !== 3 || input_shape[0] !== 3)) {
    return `ClinicaDL's resnet18 takes slices of three channels, this one ${text}`;
  }
  if (input_shapes !== undefined) {
    return "ClinicaDL builds all networks for one size of regions, and these differ: " +
      input_shapes.map((shape) => shape.join("x")).join(", ");
  }
  if (architecture === "RandomArchitecture") return undefined;
  if (isVariational(architecture)) {
    const factor = Number(parameters.size_reduction_factor ?? 2);
    if (isReducedTemplate(factor, input_shape.slice(1))) return undefined;
    return `ClinicaDL's ${architecture} takes the cropped template (169x208x179) reduced by ` +
      `size_reduction_factor, and these are ${text}`;
  }
  if (architecture === "GeneratorUNet") return undefined;
  const least = ONE_VALUE[architecture];
  if (input_shape.slice(1).some((extent) => extent > least)) return undefined;
  return `ClinicaDL builds ${architecture} only where an axis has more than ${least} voxels, and these ` +
    `are ${text}`;
}
