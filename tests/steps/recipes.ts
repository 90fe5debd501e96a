/** Pieces of workflow files that tests share: tiny data sets, trainings of one epoch, predictions. */
import { labelsOf, writeCaps } from "./caps/hashed_caps.ts";
import { Project } from "./workflows.ts";

export type Value = string | number | boolean | readonly Value[] | {
  readonly [key: string]: Value;
};

function toml(value: Value): string {
  if (typeof value !== "object") return JSON.stringify(value);
  if (isList(value)) return `[${value.map(toml).join(", ")}]`;
  return `{ ${Object.entries(value).map(([key, item]) => `${key} = ${toml(item)}`).join(", ")} }`;
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

interface Fields {
  in?: Readonly<Record<string, string>>;
  with?: Readonly<Record<string, Value>>;
  /** A step whose matrix it shares, or the values of an axis. */
  matrix?: string | Readonly<Record<string, Value>>;
}

/** TOML of a step; parameters come last, one a line. */
export function step(name: string, uses: string, fields: Fields = {}): string {
  const { in: inputs = {}, with: params = {}, matrix = {} } = fields;
  const lines = (prefix: string, values: Readonly<Record<string, Value>>) =>
    Object.entries(values).map(([key, value]) => `${prefix}${key} = ${toml(value)}`);
  return [
    `\n[steps.${name}]`,
    `uses = "${uses}"`,
    ...typeof matrix === "string" ? [`matrix = "${matrix}"`] : lines("matrix.", matrix),
    ...lines("in.", inputs),
    `[steps.${name}.with]`,
    ...lines("", params),
  ].join("\n") + "\n";
}

/** A CAPS, its slices, and a table of labels for each group of {@link createProject}. */
export function openedGroups(
  groups: readonly string[],
  slices: Readonly<Record<string, Value>> = {},
): string {
  return step("caps", "caps.open", { with: { caps_directory: "caps" } }) +
    step("slices", "extract.slices", {
      in: { caps: "caps" },
      with: { slice_direction: 2, slice_mode: "single", ...slices },
    }) +
    groups.map((name) =>
      step(name, "tables.open", { with: { path: `${name}.tsv`, content: "labels" } })
    ).join("");
}

/** A project with what {@link openedGroups} opens. @param groups index of the first, and how many */
export async function createProject(
  groups: Readonly<Record<string, readonly [first: number, count: number]>>,
  shape: readonly number[],
): Promise<Project> {
  const project = await Project.create();
  const ends = Object.values(groups).map(([first, count]) => first + count);
  await writeCaps(`${project.folder}/caps`, Math.max(...ends), shape);
  for (const [name, [first, count]] of Object.entries(groups)) {
    await project.write(`${name}.tsv`, labelsOf(first, count));
  }
  return project;
}

/** Generated heads, their slices, four participants held out as `split.test`, and folds. */
export function generatedFolds(
  slices: Readonly<Record<string, Value>>,
  { n_subjects = 8, folds = { n_splits: 2 } }: {
    n_subjects?: Value;
    folds?: Readonly<Record<string, Value>>;
  } = {},
): string {
  return step("caps", "caps.generate", { with: { kind: "phantom", n_subjects, image_size: 32 } }) +
    step("slices", "extract.slices", { in: { caps: "caps" }, with: slices }) +
    step("labels", "labels.get", { in: { caps: "caps" } }) +
    step("split", "split.holdout", {
      in: { labels: "labels" },
      with: { subset_name: "test", n_test: 4, ignore_demographics: true },
    }) +
    step("folds", "split.kfold", { in: { labels: "split.train" }, with: folds });
}

/** A training of one epoch on the images `slices` unless `in` names others. */
export function tinyTraining(
  params: Readonly<Record<string, Value>> = {},
  { name = "train", task = "classification", in: inputs, matrix }: Omit<Fields, "with"> & {
    name?: string;
    task?: "classification" | "regression";
  } = {},
): string {
  return step(name, `train.${task}`, {
    in: { images: "slices", ...inputs },
    with: { epochs: 1, batch_size: 4, ...params },
    matrix,
  });
}

/** Predictions of the images `slices` by `train` unless `in` names others. */
export function prediction(
  participants: string | undefined,
  params: Readonly<Record<string, Value>> = {},
  { in: inputs, matrix }: Omit<Fields, "with"> = {},
): string {
  return step("predict", "predict", {
    in: { model: "train", images: "slices", ...participants && { participants }, ...inputs },
    with: params,
    matrix,
  });
}
