import { z } from "zod";
import { defineStep } from "../../workflow/step.ts";
import type { DeviceService } from "../../device/open.ts";
import {
  attributionFiles,
  attributionInputs,
  attributionOutputs,
  attributionParameters,
} from "./declaration.ts";
import { groupPreflight } from "../predict/group_parameters.ts";

const params = z.object({
  level: z.string().min(1).optional().describe(
    "Layer or stage whose feature map is used, such as `layer3` or `convolutions.9`; the last one before pooling or flattening to a vector when absent.",
  ),
  ...attributionParameters,
});

export default defineStep<typeof params, DeviceService>({
  kind: "interpret.gradcam",
  version: 2,
  summary: "Maps which regions of the feature map increase a logit",
  description:
    `Grad-CAM (Selvaraju et al., 2017): the feature map at a level, each channel weighted by the
mean of the logit's gradient over all spatial axes, summed over channels, negative values set to zero,
upsampled bilinearly to the slice or trilinearly to the volume with pixel centres at half-integers
(PyTorch's \`align_corners=False\`). The default level is the end of \`layer4\` for ResNets and of
\`convolutions\` for ClinicaDL's own networks.

${attributionFiles}

Unlike ClinicaDL: ReLU is applied, channels are summed rather than averaged, gradients of volumes are
averaged over three axes rather than two, upsampling does not align corners, the feature map of a
ResNet is that before global pooling, after which a map is flat; levels have the layers' names;
multi-network models are explained too; means are over images rather than elements; affines are the
image's; discarded slices do not shift the indices.`,
  params,
  inputs: attributionInputs,
  outputs: attributionOutputs,
  runs: "device",
  preflight: groupPreflight("interpret"),
  run: async (context) => {
    const { computeAttribution } = await import("./compute_attribution.ts");
    const { level } = context.params;
    return { attribution: await computeAttribution(context, { kind: "grad_cam", level }) };
  },
});
