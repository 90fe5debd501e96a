/** Chooses one image of a session by the entities of BIDS file names: `sub-01_acq-x_run-2_T1w`. */
import { nameSome } from "../../tables/session_table.ts";

/** Entities that a selection may name; `bids.open` and `caps.open` declare the same. */
const SELECTABLE = [
  "task",
  "acq",
  "ce",
  "trc",
  "rec",
  "run",
  "echo",
  "inv",
  "part",
  "chunk",
  "space",
  "res",
  "desc",
] as const;

export type EntityName = typeof SELECTABLE[number];

/** Wanted values in the order of preference; `""` stands for an image without the entity. */
export type EntitySelection = Partial<Readonly<Record<EntityName, readonly string[]>>>;

/** What a choice between several images came to. */
export type Choice =
  | {
    path: string;
    reason: string;
    /** A file of the same name, `.nii` next to `.nii.gz`, which must hold the same image. */
    same?: string;
  }
  | { problem: string };

/** Values by entity, in the order of the name; the suffix stands under "suffix". */
export function entitiesOf(path: string): Map<string, string> {
  const stem = path.slice(path.lastIndexOf("/") + 1).replace(/\.(nii(\.gz)?|json)$/i, "");
  const entities = new Map<string, string>();
  for (const part of stem.split("_")) {
    const dash = part.indexOf("-");
    if (dash > 0) entities.set(part.slice(0, dash), normalValue(part.slice(dash + 1)));
    else entities.set("suffix", part);
  }
  return entities;
}

/** Indices are one whatever their padding: `run-02` is `run-2`. */
export function normalValue(value: string): string {
  return /^\d+$/.test(value) ? String(Number(value)) : value;
}

/**
 * The images that a selection allows: of each entity, those with the first wanted value that there is.
 *
 * @returns an empty list when there is none
 */
export function select(paths: readonly string[], selection: EntitySelection): string[] {
  let left = [...paths];
  for (const [entity, wanted = []] of Object.entries(selection)) {
    const groups = Map.groupBy(left, (path) => entitiesOf(path).get(entity) ?? "");
    left = wanted.map((value) => groups.get(normalValue(value))).find((found) => found) ?? [];
  }
  return left;
}

/** As it stands in a workflow file. */
export function describeSelection(selection: EntitySelection): string {
  const fields = Object.entries(selection).map(([entity, values]) =>
    `${entity} = ${JSON.stringify(values.length === 1 ? values[0] : values)}`
  );
  return `entities = { ${fields.join(", ")} }`;
}

/**
 * Entities of which an image without them is preferred: it is the original, or what is meant when
 * nothing is said. `part-mag` is as good as none.
 */
const PREFERRED_WITHOUT = ["space", "res", "desc", "rec", "part"] as const;

/**
 * One of several images of a session. Where they differ in an entity of {@link PREFERRED_WITHOUT},
 * those without it are taken; then the highest run, where a name without a run is the lowest; then the
 * compressed one of two files of one name.
 *
 * @param selection the values that were asked for: these entities are no longer chosen by preference
 */
export function choose(paths: readonly string[], selection: EntitySelection): Choice {
  let left = paths.map((path) => ({ path, entities: entitiesOf(path) }));
  const reasons: string[] = [];
  for (const entity of PREFERRED_WITHOUT) {
    if (entity in selection) continue;
    const plain = left.filter(({ entities }) => {
      const value = entities.get(entity);
      return value === undefined || entity === "part" && value === "mag";
    });
    if (plain.length === 0 || plain.length === left.length) continue;
    left = plain;
    reasons.push(entity === "part" ? "the magnitude" : `no ${entity}`);
  }
  if (new Set(left.map(({ entities }) => describeWithoutRun(entities))).size === 1) {
    const run = (entities: ReadonlyMap<string, string>) => Number(entities.get("run") ?? 0);
    const highest = Math.max(...left.map(({ entities }) => run(entities)));
    const last = left.filter(({ entities }) => run(entities) === highest);
    if (last.length < left.length) {
      left = last;
      reasons.push("the highest run");
    }
  }
  if (left.length === 1) return { path: left[0].path, reason: reasons.join(", ") };
  if (left.length === 2) {
    const [same, path] = left.map((image) => image.path).sort();
    if (path === `${same}.gz`) {
      return { path, reason: [...reasons, "compressed"].join(", "), same };
    }
  }
  const names = nameSome(left.map(({ path }) => path), 6);
  return { problem: `several images: ${names}; ${advise(left)}` };
}

function describeWithoutRun(entities: ReadonlyMap<string, string>): string {
  return [...entities].filter(([name]) => name !== "run").map((part) => part.join("-")).join("_");
}

/** The parameter that makes one of several images the only one. */
function advise(images: readonly { entities: ReadonlyMap<string, string> }[]): string {
  const names = [...new Set(images.flatMap(({ entities }) => [...entities.keys()]))];
  const values = (name: string) => [
    ...new Set(images.map(({ entities }) => entities.get(name) ?? "")),
  ];
  const differing = names.filter((name) => values(name).length > 1);
  if (differing.length === 0) return "they have one name: keep one of them";
  if (!differing.every((name) => (SELECTABLE as readonly string[]).includes(name))) {
    return `they differ in ${differing.join(", ")}: choose one by the end of its name, with ` +
      'the modality or preprocessing "custom" and custom_suffix';
  }
  const [first] = images;
  const selection = differing.map((name) =>
    `${name} = ${JSON.stringify(first.entities.get(name) ?? "")}`
  );
  const choices = differing.map((name) =>
    `${differing.length > 1 ? `${name} ` : ""}of ${
      values(name).map((value) => JSON.stringify(value)).join(", ")
    }`
  );
  return `choose one with entities = { ${selection.join(", ")} } (${choices.join("; ")})`;
}
