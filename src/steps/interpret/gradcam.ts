import { z } from "zod";
import { defineStep } from "../../workflow/step.ts";
import type { DeviceService } from "../../device/open.ts";
import {
  interpretationFiles,
  interpretationInputs,
  interpretationOutputs,
  interpretationParameters,
} from "./parameters.ts";
import { groupPreflight } from "../predict/parameters.ts";

const params = z.object({
  level: z.string().min(1).optional().describe(
    "Layer or stage whose feature map is weighed, such as `layer3` or `convolutions.9`; the last one before pooling or flattening to a vector when absent.",
  ),
  ...interpretationParameters,
});

export default defineStep<typeof params, DeviceService>({
  kind: "interpret.gradcam",
  version: 1,
  summary: "Maps which regions of the feature map speak for a logit",
  description:
    `Grad-CAM (Selvaraju et al., 2017): the feature map at a level, each channel weighed by the
spatial mean of the logit's gradient, summed over channels, negative values set to zero, upsampled
bilinearly to the slice with pixel centres at half-integers (PyTorch's \`align_corners=False\`). The
default level is the end of \`layer4\` for ResNets and of \`convolutions\` for ClinicaDL's own networks.

${interpretationFiles}

Unlike ClinicaDL: ReLU is applied, channels are summed rather than averaged, ResNets are seen before
the global pooling, which leaves a flat map; levels have the layers' names; multi-network models too;
means are over images rather than elements; affines are the image's; discarded slices do not shift the
indices.`,
  params,
  inputs: interpretationInputs,
  outputs: interpretationOutputs,
  runs: "device",
  preflight: groupPreflight("interpret"),
  run: async (context) => {
    const { interpretImages } = await import("./compute_maps.ts");
    const { level } = context.params;
    return { attribution: await interpretImages(context, { kind: "grad_cam", level }) };
  },
});
