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

const params = z.object(attributionParameters);

export default defineStep<typeof params, DeviceService>({
  kind: "interpret.gradients",
  version: 1,
  summary: "Maps how a logit changes with the intensities of the input",
  description:
    `The signed gradient of one output node's logit with respect to every value of the normalised
element, in evaluation mode; gradients of its copies in several channels are summed.

${attributionFiles}

Unlike ClinicaDL: multi-network models are explained too; means are over images rather than elements; affines are
the image's; discarded slices do not shift the indices.`,
  params,
  inputs: attributionInputs,
  outputs: attributionOutputs,
  runs: "device",
  preflight: groupPreflight("interpret"),
  run: async (context) => {
    const { computeAttribution } = await import("./compute_attribution.ts");
    return { attribution: await computeAttribution(context, { kind: "gradients" }) };
  },
});
