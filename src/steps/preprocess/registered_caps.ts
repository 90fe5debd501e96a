/** The `caps` artifact of registered images: Clinica's names, transforms, and what made each image. */
import { type CapsImage, capsOutput, SESSIONS_FILE } from "../../artifacts/caps.ts";
import { columnIndices, readTsv } from "../../formats/tsv.ts";
import { LINEAR_TEMPLATE, linearPaths } from "../../imaging/datasets/caps.ts";
import { sessionName } from "../../imaging/datasets/dataset.ts";
import { orientationOf, spacingOf } from "../../imaging/nifti/orientation.ts";
import { SPLINE_DISTANCES } from "../../imaging/preprocess/head.ts";
import { writeItkTransform } from "../../imaging/preprocess/itk_transform.ts";
import { cropAffine } from "../../imaging/resampling/mod.ts";
import { SINGLE_COHORT } from "../../tables/identity.ts";
import type { Artifact, StepContext, StepOutput } from "../../workflow/step.ts";
import type { CachedHead, LinearTarget } from "./cached_heads.ts";
import { LINEAR_VERSION, type LinearParameters } from "./declaration.ts";

/** A registered image and the raw one that it was made from. */
export interface PreprocessedImage extends CachedHead {
  source: CapsImage;
}

/** @param images in the order of the data set */
export async function registeredCaps(
  { inputs, params }: StepContext<LinearParameters>,
  images: readonly PreprocessedImage[],
  target: LinearTarget,
): Promise<StepOutput> {
  const { pipeline } = target;
  const geometry = geometryOf(target, params);
  const named = images.map((image) => ({ image, paths: pathsOf(image.source, target, params) }));
  return capsOutput(
    {
      source: pipeline.replace("-", "_"),
      preprocessing: pipeline,
      use_uncropped_image: params.uncropped_image,
    },
    {
      images: named.map(({ image: { source, image }, paths }) => ({
        participant: source.participant,
        session: source.session,
        cohort: source.cohort,
        path: paths.image,
        ...image,
        ...geometry,
      })),
      sessions: await sessionsOf(images, inputs.caps as Artifact),
      extras: Object.fromEntries(named.flatMap(({ image, paths }) => [
        [paths.affine, writeItkTransform(Float64Array.from(image.affine))],
        [paths.image.replace(/\.nii\.gz$/, ".json"), describeImage(image, target, params)],
      ])),
    },
  );
}

function geometryOf({ space }: LinearTarget, { uncropped_image }: LinearParameters) {
  const affine = uncropped_image ? space.affine : cropAffine(space.affine, space.crop.start);
  return {
    shape: uncropped_image ? space.shape : space.crop.shape,
    orientation: orientationOf(affine),
    spacing: spacingOf(affine),
    affine: [...affine],
  };
}

function pathsOf(
  source: CapsImage,
  { pipeline }: LinearTarget,
  { uncropped_image }: LinearParameters,
): ReturnType<typeof linearPaths> {
  const { image, affine } = linearPaths(pipeline, source, uncropped_image);
  const prefix = source.cohort === SINGLE_COHORT ? "" : `${source.cohort}/`;
  return { image: prefix + image, affine: prefix + affine };
}

/** The rows of the sessions whose images were registered. */
async function sessionsOf(images: readonly PreprocessedImage[], caps: Artifact) {
  const { columns, rows } = readTsv(await caps.readText(SESSIONS_FILE), SESSIONS_FILE);
  const at = columnIndices({ columns }, ["participant_id", "session_id"], SESSIONS_FILE);
  const kept = new Set(images.map(({ source }) => sessionName(source)));
  const nameOf = (row: typeof rows[number]) =>
    sessionName({ participant: row[at.participant_id]!, session: row[at.session_id]! });
  return { columns, rows: rows.filter((row) => kept.has(nameOf(row))) };
}

/** The JSON file next to an image. */
function describeImage(
  { source, voxelToWorld, affine, measures }: PreprocessedImage,
  { pipeline, template }: LinearTarget,
  params: LinearParameters,
): string {
  const description = {
    step: `preprocess.${pipeline.replace("-", "_")}`,
    step_version: LINEAR_VERSION,
    source: { path: source.path, digest: source.digest, voxel_to_world: rowsOf(voxelToWorld) },
    template: { space: LINEAR_TEMPLATE, digest: template.digest },
    parameters: {
      uncropped_image: params.uncropped_image,
      header: params.header ?? null,
      compute: params.compute,
      bias_field_spline_distance: SPLINE_DISTANCES[pipeline],
      interpolation: "linear",
    },
    template_to_source: rowsOf(affine),
    mutual_information: measures.mutual_information,
  };
  return JSON.stringify(description, null, 2) + "\n";
}

function rowsOf(matrix: readonly number[]): readonly (readonly number[])[] {
  return [0, 4, 8, 12].map((row) => matrix.slice(row, row + 4));
}
