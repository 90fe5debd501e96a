/** What the declarations of the linear pipelines share: parameters, ports, forecast. */
import { z } from "zod";
import type { LinearPipeline } from "../../imaging/datasets/caps.ts";
import { pathParameter } from "../../workflow/path_parameter.ts";
import type {
  InputPort,
  OutputPort,
  Preflight,
  PreflightInput,
  RunPlace,
  StepDeclaration,
} from "../../workflow/step.ts";

export const linearParameters = z.object({
  template: pathParameter().describe(
    "The template with its skull, a NIfTI file of 193 x 229 x 193 voxels of 1 mm: mni_icbm152_t1_tal_nlin_sym_09c.nii of the MNI ICBM152 nonlinear symmetric 2009c atlas.",
  ),
  uncropped_image: z.boolean().default(false).describe(
    "Keep the template's full grid instead of its crop to 169 x 208 x 179 voxels.",
  ),
  header: z.enum(["sform", "qform"]).optional().describe(
    "Which transform counts of an image whose header states two that differ by more than 1 mm or 1 degree; without it such an image is left out.",
  ),
  compute: z.enum(["processor", "gpu"]).default("processor").describe(
    "Where the large parts of registration and resampling run. Results differ by hundredths of a mm, so the choice, the GPU and its driver are in the key. A software adapter is slower than the processor.",
  ),
});

export type LinearParameters = z.output<typeof linearParameters>;

export const linearInputs: Record<"caps", InputPort> = {
  caps: { types: ["caps"], description: "Raw images, one a session, from `bids.open`." },
};

export const linearOutputs: Record<"caps" | "quality", OutputPort> = {
  caps: {
    type: "caps",
    description:
      "The registered images. Published: a CAPS folder with Clinica's names, each image's affine " +
      "next to it, and a JSON file of what made it.",
  },
  quality: {
    type: "quality",
    description: "How well each image fits the template, the outliers, and why images failed.",
  },
};

/** End of the descriptions. */
export const LINEAR_TEXT =
  `The steps are those of Clinica: the bias field is corrected (N4, as ANTs computes
it), the image is registered by mutual information, rigid and then affine, resampled once to the
template's grid (trilinear; 0 outside the image) and cropped. Same image, same bytes, whatever the
threads and the other images.

Images are cached one by one. An image that can't be used (damaged, skull-stripped, two contradicting
transforms in its header) is left out of \`caps\` with a warning and listed in \`quality\` with the reason;
the others go on. Heads that are defaced or cut are registered and may be outliers in \`quality\`. Left
and right are the header's: no registration can see them exchanged. Sheared sforms are resampled as they
are. A skull-stripped template, or one on another grid, is an error.

The transform is written as ANTs does (\`_affine.mat\`, from the template's mm to the image's), with the
sform where sform and qform agree.`;

/** Of both steps. */
export const LINEAR_VERSION = 1;

export function linearPlace({ compute }: LinearParameters): RunPlace {
  return compute === "gpu" ? "device" : "worker";
}

/** Threads that registration asks for; it gets no more than there are, and than memory is for. */
export const LINEAR_THREADS = 16;

/** On one thread; heads of 0.7 to 1.6 mm took 5 to 13 s. */
const SECONDS_PER_IMAGE = 12;
const BYTES_PER_VOXEL = 3.2;

/** Shapes of registered images: `MNI152NLIN2009CSYM`, whose module loads the algorithms. */
const FULL_SHAPE = [193, 229, 193];
const CROPPED_SHAPE = [169, 208, 179];

/** Modality of the raw images of a pipeline, as `bids.open` names it. */
const MODALITIES: Readonly<Record<LinearPipeline, string>> = {
  "t1-linear": "t1",
  "flair-linear": "flair",
};

export function linearForecast(pipeline: LinearPipeline): {
  preflight: Preflight<LinearParameters>;
  estimate: NonNullable<StepDeclaration<typeof linearParameters>["estimate"]>;
} {
  return {
    preflight: {
      reads: ["caps"],
      check: async ({ params, inputs }) => {
        const { describeDataset } = await import("../../artifacts/caps.ts");
        const caps = inputs.caps as PreflightInput;
        await checkModality(caps, pipeline);
        const { images, sessions } = await describeDataset(caps);
        const shape = params.uncropped_image ? FULL_SHAPE : CROPPED_SHAPE;
        return { caps: { images, shape, orientation: "RAS", ...(sessions && { sessions }) } };
      },
    },
    estimate: async ({ uncropped_image }, inputs) => {
      if (inputs.caps === undefined) return {};
      const { describeDataset } = await import("../../artifacts/caps.ts");
      const { images } = await describeDataset(inputs.caps[0]);
      const [x, y, z] = uncropped_image ? FULL_SHAPE : CROPPED_SHAPE;
      const bytes = images * x * y * z * BYTES_PER_VOXEL;
      const threads = Math.min(LINEAR_THREADS, navigator.hardwareConcurrency, images);
      return {
        seconds: images * SECONDS_PER_IMAGE / threads,
        diskBytes: bytes,
        publishedBytes: { caps: bytes },
      };
    },
  };
}

/** @throws {DataError} when the images are known to be of another modality, or registered already */
async function checkModality(caps: PreflightInput, pipeline: LinearPipeline): Promise<void> {
  if ("declared" in caps) return;
  const { capsMeta } = await import("../../artifacts/caps.ts");
  const { DataError } = await import("../../errors.ts");
  const { preprocessing } = capsMeta(caps);
  const modality = MODALITIES[pipeline];
  if (preprocessing === modality || preprocessing === "custom") return;
  throw new DataError(
    "in.caps",
    preprocessing.endsWith("-linear")
      ? `its images are ${preprocessing} already: extract from them as they are`
      : `its images are ${preprocessing}, but ${pipeline} takes those of bids.open with ` +
        `modality = "${modality}"`,
  );
}
