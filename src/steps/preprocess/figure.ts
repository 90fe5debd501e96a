import { z } from "zod";
import { pathParameter } from "../../workflow/path_parameter.ts";
import { defineStep } from "../../workflow/step.ts";

export default defineStep({
  kind: "preprocess.figure",
  version: 1,
  summary: "Draws every registered head under the template's contour",
  description:
    `A picture of each image: an axial, a coronal and a sagittal slice, the patient's left on the left
(L and R, P and A mark the sides), with the contour of the template at the same place. The contour is where
the template has Otsu's threshold: around the head, the brain and the ventricles. Where the
registration is right it follows these edges of the image.

The contact sheet has the images with the lowest mutual information, the lowest first; the report shows it,
and the table of quality. Outliers are marked with their reasons. Cached an image.`,
  params: z.object({
    template: pathParameter().describe("The template that the images were registered to."),
    n_worst: z.int().min(1).max(100).default(12).describe("Images on the contact sheet."),
  }),
  inputs: {
    caps: { types: ["caps"], description: "Images that were registered to the template." },
    quality: { types: ["quality"], description: "Quality of their registrations." },
  },
  outputs: {
    figures: { type: "figures", description: "One picture an image." },
    contact_sheet: {
      type: "figure",
      description: "The images with the lowest mutual information, the lowest first.",
    },
  },
  runs: "worker",
  run: async (context) => {
    const { drawFigures } = await import("./draw_figures.ts");
    return await drawFigures(context);
  },
});
