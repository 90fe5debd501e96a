/** What the declarations of the generators share: parameters, ports, texts. */
import { z } from "zod";
import { pathParameter } from "../../workflow/path_parameter.ts";
import type { DatasetDescription } from "../../artifacts/caps.ts";
import type { InputPort, OutputPort, Preflight } from "../../workflow/step.ts";

/** Threads that generation asks for; it gets no more than there are. */
export const GENERATION_THREADS = 16;

/** Voxels, or pixels, along an axis. */
export const extent = z.int().min(8).max(1024);

export const n_subjects = z.int().min(1).max(100_000).default(20)
  .describe("Participants of each class.");

export const seed = z.int().min(0).max(0xffffffff).default(0)
  .describe("Seed of everything that is drawn.");

export const image = pathParameter().optional().describe(
  "A T1-weighted NIfTI file to start from, where there is no in.caps.",
);

export const sourceInput: InputPort = {
  types: ["caps"],
  description: "Real images to start from.",
};

export const generationOutputs: Record<"caps" | "contact_sheet", OutputPort> = {
  caps: { type: "caps", description: "The data set." },
  contact_sheet: {
    type: "figure",
    description:
      "Up to six heads of each class, AD on the left: axial, coronal and sagittal slices.",
  },
};

/** Declares the data set before it is generated; images of a known shape are RAS. */
export function declareDataset<P>(
  describe: (params: P) => Omit<DatasetDescription, "orientation">,
): Preflight<P> {
  return {
    reads: [],
    check: ({ params }) => {
      const description = describe(params);
      const orientation = description.shape && { orientation: "RAS" };
      return Promise.resolve({ caps: { ...description, ...orientation } });
    },
  };
}

/** End of the description of every generator that draws participants. */
export const POPULATION_TEXT = `Published, \`caps\` is a CAPS folder with
\`participants.tsv\` (one row a session: age, sex, diagnosis, MMSE, global CDR). Images are cached one by
one: more participants are added to the same ones. The classes alternate, and everything follows the
seed.`;
