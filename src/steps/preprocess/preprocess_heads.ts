/** Registers the images of a data set on several threads, and reports those that failed. */
import { type CapsImage, listImages } from "../../artifacts/caps.ts";
import { qualityOutput } from "../../artifacts/quality.ts";
import { freeMemory } from "../../disk/free_memory.ts";
import { forEachConcurrently } from "../../imaging/concurrent.ts";
import type { LinearPipeline } from "../../imaging/datasets/caps.ts";
import { type ImageProblem, sessionName, throwProblems } from "../../imaging/datasets/dataset.ts";
import { MNI152NLIN2009CSYM } from "../../imaging/preprocess/template_space.ts";
import type { Artifact, StepContext, StepOutput } from "../../workflow/step.ts";
import { CachedHeads } from "./cached_heads.ts";
import type { LinearParameters } from "./declaration.ts";
import { deviceKey } from "./device_heads.ts";
import { type PreprocessedImage, registeredCaps } from "./registered_caps.ts";

/** Peak of a thread: a head of 256 x 256 x 256 voxels at all resolutions, and the template. */
const BYTES_PER_THREAD = 1.5 * 2 ** 30;

/** Failures that the warning lists; all are in the table of quality. */
const MAX_LISTED = 8;

/**
 * The outputs of a linear pipeline. They depend neither on the threads nor on the order in which images
 * are done.
 *
 * @param space another than that of the pipelines, in tests
 * @throws {DataError} when the template can't be used, or none of the images
 */
export async function preprocessHeads(
  context: StepContext<LinearParameters>,
  pipeline: LinearPipeline,
  space = MNI152NLIN2009CSYM,
): Promise<Record<"caps" | "quality", StepOutput>> {
  const images = await listImages(context.inputs.caps as Artifact);
  // This thread only waits, so that a worker may have its processor.
  const threads = Math.min(context.cpus + 1, images.length, threadsInMemory());
  const template = await context.external(context.params.template);
  const device = context.params.compute === "gpu" ? await deviceKey(context) : undefined;
  const heads = new CachedHeads(context, { pipeline, space, template, threads, device });
  const registered = new Map<CapsImage, PreprocessedImage>();
  const failures = new Map<CapsImage, string>();
  let done = 0;
  try {
    await forEachConcurrently(images, threads, async (image) => {
      context.signal.throwIfAborted();
      const head = await heads.preprocess(image);
      if ("failure" in head) failures.set(image, head.failure);
      else registered.set(image, { source: image, ...head });
      done++;
      context.progress({
        fraction: done / images.length,
        message: `image ${done}/${images.length}`,
      });
    });
  } finally {
    heads.close();
  }
  const problems = images.filter((image) => failures.has(image))
    .map((image): ImageProblem => ({ ...image, problem: failures.get(image)! }));
  if (problems.length === images.length) throwProblems(problems, pipeline);
  if (problems.length > 0) context.warn(describeFailures(problems, images.length));
  return {
    caps: await registeredCaps(
      context,
      images.flatMap((image) => registered.get(image) ?? []),
      { pipeline, space, template },
    ),
    quality: qualityOutput(images.map((image) => ({
      ...image,
      result: registered.get(image)?.measures ?? { failure: failures.get(image)! },
    }))),
  };
}

/** Threads whose heads fit in the memory that is free, at least one. */
function threadsInMemory(): number {
  return Math.max(1, Math.floor((freeMemory() ?? Infinity) / BYTES_PER_THREAD));
}

function describeFailures(problems: readonly ImageProblem[], images: number): string {
  const lines = problems.slice(0, MAX_LISTED)
    .map((problem) => `\n  ${sessionName(problem)}: ${problem.problem}`);
  const more = problems.length - lines.length;
  if (more > 0) lines.push(`\n  and ${more} more, which the table of quality lists`);
  return `${problems.length} of ${images} images are left out:${lines.join("")}`;
}
