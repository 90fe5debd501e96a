import { z } from "zod";
import { defineStep } from "../../workflow/step.ts";

export default defineStep({
  kind: "generate.template",
  version: 1,
  summary: "Makes the template that generated raw heads are registered to",
  description:
    `The mean of the heads of \`generate.phantom\`, half a patient and half healthy, on the grid
of MNI152NLin2009cSym: 193 x 229 x 193 voxels of 1 mm. Publish it and give its path to
\`preprocess.t1_linear\`, to try it without data.`,
  params: z.object({}),
  inputs: {},
  outputs: {
    template: { type: "template", description: "The template, one NIfTI file." },
  },
  runs: "worker",
  run: async () => {
    const { MNI152NLIN2009CSYM } = await import("../../imaging/preprocess/template_space.ts");
    const { renderTemplate } = await import("../../imaging/generate/template.ts");
    const { writeHead } = await import("../../imaging/generate/volume.ts");
    const { templateOutput } = await import("../../artifacts/template.ts");
    const head = renderTemplate(MNI152NLIN2009CSYM);
    return { template: templateOutput(writeHead(head, "gyrus phantom template")) };
  },
});
