import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { SESSIONS_FILE } from "../../../src/artifacts/caps.ts";
import { WorkflowError } from "../../../src/errors.ts";
import { readTsv } from "../../../src/formats/tsv.ts";
import capsGenerate from "../../../src/steps/caps/generate.ts";
import { loadKind } from "../../../src/steps/mod.ts";
import type { Artifact } from "../../../src/workflow/step.ts";
import { MemoryStore } from "../memory.ts";
import { Project } from "../workflows.ts";

type Given = Record<string, unknown>;

/** The data set that a kind generates, in a store of its own, from four phantoms if `fromCaps`. */
async function generate(kind: string, given: Given, fromCaps: boolean): Promise<Artifact> {
  const store = new MemoryStore();
  const inputs = fromCaps ? { caps: await run(store, "generate.phantom", PHANTOMS) } : {};
  return await run(store, kind, given, inputs);
}

const PHANTOMS = { n_subjects: 2, image_size: 16, seed: 3 };

async function run(store: MemoryStore, kind: string, given: Given, inputs = {}): Promise<Artifact> {
  const step = (await loadKind(kind))!;
  const params = step.params.parse(given) as never;
  assertEquals(step.checkParams?.(params) ?? [], []);
  const { caps } = await step.run(store.context(params, inputs));
  return await store.artifact("caps", caps);
}

const KINDS: readonly [kind: string, given: Given, fromCaps: boolean, images: number][] = [
  ["phantom", { n_subjects: 1, n_sessions: 2, image_size: [16, 18, 20], strength: 0.5 }, false, 4],
  ["trivial", { n_subjects: 2, seed: 4, atrophy_percent: 40 }, true, 4],
  ["random", { n_subjects: 2, mean: 1, sigma: 20 }, true, 4],
  ["shepplogan", { n_subjects: 2, image_size: 32, smoothing: true }, false, 4],
  ["hypometabolic", { n_subjects: 3, pathology: "pca", anomaly_degree: 50 }, true, 3],
  ["artifacts", { seed: 1, artifacts: ["noise"], noise_std: [1, 2] }, true, 4],
];

for (const [kind, given, fromCaps, images] of KINDS) {
  Deno.test(`generate.${kind} makes the data set that caps.generate makes by its older spelling`, async () => {
    const caps = await generate(`generate.${kind}`, given, fromCaps);
    assertEquals(caps.meta.source, kind);
    const { rows } = readTsv(await caps.readText("images.tsv"), "images.tsv");
    assertEquals(new Set(rows.map((row) => row[3])).size, images);
    const older = await generate("caps.generate", { kind, ...given }, fromCaps);
    assertEquals(older.digest, caps.digest);
  });
}

Deno.test("a parameter of another generator is unknown, and a data set is asked for", async () => {
  await using project = await Project.create();
  const issueOf = async (step: string) => {
    const error = await assertRejects(() => project.run(`[steps.caps]\n${step}`), WorkflowError);
    const [{ message, suggestion }] = error.issues;
    return `${message}; ${suggestion}`;
  };
  assertStringIncludes(
    await issueOf('uses = "generate.random"\nwith.pathology = "ad"\n'),
    'unknown parameter "pathology" of generate.random; known: n_subjects, seed, image, mean, sigma',
  );
  assertStringIncludes(
    await issueOf('uses = "generate.shepplogan"\nwith.images_size = 64\n'),
    'unknown parameter "images_size" of generate.shepplogan; did you mean "image_size"?',
  );
  assertStringIncludes(await issueOf('uses = "generate.artifacts"\n'), "lacks its input caps");
  await assertRejects(
    () => project.run('[steps.caps]\nuses = "generate.trivial"\n'),
    Error,
    "give it a data set (in.caps) or a NIfTI file (image)",
  );
});

Deno.test("the older spelling refuses what the generator that it names refuses", () => {
  const problemsOf = (given: Given) =>
    capsGenerate.checkParams!(capsGenerate.params.parse(given)).map(({ message }) => message);
  assertEquals(problemsOf({ kind: "shepplogan", image_size: [16, 16, 16] }), [
    "image_size of generate.shepplogan must be a number; it is [16,16,16]",
  ]);
  assertEquals(problemsOf({ kind: "shepplogan", ad_subtypes_distribution: [1, 1, 0] }), [
    "probabilities must sum to 1, not 2",
  ]);
  assertEquals(problemsOf({ kind: "phantom", sigma: 0.5, mask_path: "/m" }), [
    "mask_path belongs to trivial and hypometabolic, not to phantom",
    "sigma belongs to random, not to phantom",
  ]);
  assertEquals(problemsOf({ kind: "artifacts", n_subjects: 3, seed: 1 }), []);
});

Deno.test("hypometabolic changes the images of the named diagnoses and takes the others as they are", async () => {
  const store = new MemoryStore();
  const source = await run(store, "generate.phantom", PHANTOMS);
  const given = { n_subjects: 4, blur_sigma: 1 };
  const generateFor = (diagnoses: readonly string[]) =>
    run(store, "generate.hypometabolic", { ...given, diagnoses }, { caps: source });
  const caps = await generateFor(["AD"]);
  const tableOf = async (artifact: Artifact, file: string) => {
    const { columns, rows } = readTsv(await artifact.readText(file), file);
    return rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i]])));
  };
  const [images, sources] = await Promise.all(
    [caps, source].map((each) => tableOf(each, "images.tsv")),
  );
  const sessions = await tableOf(caps, SESSIONS_FILE);
  assertEquals(sessions.map(({ diagnosis }) => diagnosis), ["ad", "CN", "ad", "CN"]);
  for (const [i, { path, digest }] of images.entries()) {
    assertEquals(path!.includes("_pat-ad_deg-30_T1w"), i % 2 === 0, path!);
    assertEquals(digest === sources[i].digest, i % 2 === 1, path!);
  }
  assertEquals(caps.meta.custom_suffix, "_T1w.nii.gz");
  await assertRejects(
    () => generateFor(["MCI"]),
    Error,
    "none of the 4 sessions has a diagnosis of MCI",
  );
});
