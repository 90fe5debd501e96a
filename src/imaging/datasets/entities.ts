/** Chooses one image of a session by the entities of BIDS file names: `sub-01_acq-x_run-2_T1w`. */

/** Entities that a selection may name; `bids.open` declares the same. */
const SELECTABLE = [
  "acq",
  "ce",
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
  | { path: string; reason?: string }
  | { problem: string };

/** Values by entity, in the order of the name; the suffix stands under "suffix". */
export function entitiesOf(path: string): Map<string, string> {
  const stem = path.slice(path.lastIndexOf("/") + 1).replace(/\.nii(\.gz)?$/i, "");
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
 * those without it are taken; then the highest run, where a name without a run is the lowest.
 *
 * @param selection the values that were asked for: these entities are no longer chosen by preference.
 *   Undefined where entities can't be asked for: then runs alone are chosen from
 */
export function choose(paths: readonly string[], selection: EntitySelection | undefined): Choice {
  let left = paths.map((path) => ({ path, entities: entitiesOf(path) }));
  const reasons: string[] = [];
  for (const entity of selection === undefined ? [] : PREFERRED_WITHOUT) {
    if (entity in selection!) continue;
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
  if (left.length === 1) {
    return { path: left[0].path, ...(reasons.length > 0 && { reason: reasons.join(", ") }) };
  }
  const advice = advise(left, selection !== undefined);
  return { problem: `several images: ${left.map(({ path }) => path).join(", ")}; ${advice}` };
}

function describeWithoutRun(entities: ReadonlyMap<string, string>): string {
  return [...entities].filter(([name]) => name !== "run").map((part) => part.join("-")).join("_");
}

/** The parameter that makes one of several images the only one. */
function advise(
  images: readonly { entities: ReadonlyMap<string, string> }[],
  selectable: boolean,
): string {
  const names = [...new Set(images.flatMap(({ entities }) => [...entities.keys()]))];
  const values = (name: string) => [
    ...new Set(images.map(({ entities }) => entities.get(name) ?? "")),
  ];
  const differing = names.filter((name) => values(name).length > 1);
  if (differing.length === 0) return "they have one name: keep one of them";
  const [name] = differing.toSorted((a, b) => values(b).length - values(a).length);
  const list = values(name).map((value) => JSON.stringify(value)).join(", ");
  if (selectable && name === "trc") return `choose one with tracer (${list})`;
  if (selectable && (SELECTABLE as readonly string[]).includes(name)) {
    return `choose one with entities = { ${name} = ${
      JSON.stringify(values(name)[0])
    } } (of ${list})`;
  }
  return `they differ in ${differing.join(", ")}: choose one by the end of its name, custom_suffix`;
}
