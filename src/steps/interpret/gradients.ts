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

const params = z.object(interpretationParameters);

export default defineStep<typeof params, DeviceService>({
  kind: "interpret.gradients",
  version: 1,
  summary: "Maps how the input's intensities move a logit",
  description:
    `The signed gradient of one output node's logit by every input value, in evaluation mode: by the
slice as normalised, its copies in several channels summed.

${interpretationFiles}

Unlike ClinicaDL: multi-network models too; means are over images rather than elements; affines are
the image's; discarded slices do not shift the indices.`,
  params,
  inputs: interpretationInputs,
  outputs: interpretationOutputs,
  runs: "device",
  preflight: groupPreflight("interpret"),
  run: async (context) => {
    const { interpretImages } = await import("./compute_maps.ts");
    return { attribution: await interpretImages(context, { kind: "gradients" }) };
  },
});
