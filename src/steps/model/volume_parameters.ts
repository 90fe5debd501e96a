/** Parameters that networks of volumes have besides those of slices. */
import { z } from "zod";

export const sizeReductionParameters = {
  size_reduction: z.boolean().default(false).describe(
    "Reduce whole images (extract.images) when loading them, after their normalisation: every n-th voxel of ClinicaDL's window on its cropped template of 169 × 208 × 179, on other grids of the largest centred one.",
  ),
  size_reduction_factor: z.int().min(2).max(5).optional().describe(
    "The n of `size_reduction`; 2 when absent.",
  ),
};

export const volumeParameters = {
  shortcut_type: z.enum(["A", "B"]).optional().describe(
    "Shortcuts of a ResNet of volumes, MONAI's names: B (when absent) is a convolution, A takes every second voxel and adds channels of zeros, as MedicalNet's ResNet-18 and -34 do.",
  ),
  conv1_t_stride: z.int().min(1).max(2).optional().describe(
    "Stride of the first convolution of a ResNet of volumes, MONAI's name: 1 when absent; MedicalNet has 2.",
  ),
  ...sizeReductionParameters,
};

const RESNET = /^resnet/;

/** Problems of these parameters together, and with the architecture. */
export function checkVolumeParameters(
  params: {
    architecture: string;
    size_reduction: boolean;
    size_reduction_factor?: number;
    shortcut_type?: string;
    conv1_t_stride?: number;
  },
): { parameter: string; message: string; suggestion?: string }[] {
  const problems: { parameter: string; message: string; suggestion?: string }[] = [];
  const { architecture, size_reduction, size_reduction_factor } = params;
  for (const parameter of ["shortcut_type", "conv1_t_stride"] as const) {
    if (params[parameter] === undefined || RESNET.test(architecture)) continue;
    problems.push({
      parameter,
      message: `${architecture} has no ${parameter}; resnet18 and resnet34 have one`,
    });
  }
  if (size_reduction_factor !== undefined && !size_reduction) {
    problems.push({
      parameter: "size_reduction_factor",
      message: "size_reduction_factor changes nothing, since images are not reduced",
      suggestion: "add size_reduction = true",
    });
  }
  return problems;
}
