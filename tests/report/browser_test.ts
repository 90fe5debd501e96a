/** A small real run in a browser, while it runs and compared with another. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { ReportData } from "../../src/report/data.ts";
import { reportPage } from "../../src/report/page.ts";
import { launcher, Project } from "../cli/project.ts";
import {
  type Browser,
  inked,
  interactiveAfter,
  launch,
  open,
  pointerTime,
  type Watched,
} from "./browser.ts";
import { dataOf, fileUrl } from "./report_file.ts";
import { manyCurves } from "./synthetic.ts";
import { View } from "./view.ts";

const WORKFLOW = `version = 1
name = "seen"
description = "A small experiment that is looked at"
[defaults]
with.seed = 1
[steps.caps]
uses = "caps.generate"
with = { kind = "phantom", n_subjects = 12, image_size = 32 }
[steps.slices]
uses = "extract.slices"
in.caps = "caps"
with = { slice_direction = 2, slice_mode = "rgb", slices = [14, 18] }
[steps.labels]
uses = "labels.get"
in.caps = "caps"
[steps.split]
uses = "split.holdout"
in.labels = "labels"
with = { subset_name = "test", n_test = 8, p_age_threshold = 0.1, p_sex_threshold = 0.1 }
[steps.folds]
uses = "split.kfold"
in.labels = "split.train"
with.n_splits = 2
[steps.train]
uses = "train.classification"
matrix.fold = [0, 1]
in.images = "slices"
in.folds = "folds[\${matrix.fold}]"
with = { architecture = "Conv5_FC3", epochs = 3, learning_rate = 1e-3, selection_metrics = ["loss", "BA"] }
[steps.predict]
uses = "predict"
matrix = "train"
in.model = "train"
in.images = "slices"
in.participants = "split.test"
[steps.evaluate]
uses = "evaluate"
in.predictions = "predict[*]"
[steps.attention]
uses = "interpret.gradcam"
matrix.fold = [0]
in.model = "train"
in.images = "slices"
in.participants = "split.test"
[steps.age]
uses = "train.regression"
matrix.fold = [0, 1]
in.images = "slices"
in.folds = "folds[\${matrix.fold}]"
with = { architecture = "Conv5_FC3", epochs = 1, learning_rate = 1e-3 }
[steps.predict_age]
uses = "predict"
matrix = "age"
in.model = "age"
in.images = "slices"
in.participants = "split.test"
[steps.evaluate_age]
uses = "evaluate"
in.predictions = "predict_age[*]"
[publish]
"results/report.html" = "report"
`;
const STEPS = 12;

const SECONDS = 1000;

async function until(holds: () => boolean | Promise<boolean>, seconds: number): Promise<void> {
  const end = Date.now() + seconds * SECONDS;
  while (!await holds()) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function hasRecord(project: Project): Promise<boolean> {
  try {
    for await (const { name } of Deno.readDir(`${project.folder}/.gyrus/runs`)) {
      if ((await Deno.stat(`${project.folder}/.gyrus/runs/${name}/run.json`)).isFile) return true;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return false;
}

Deno.test("a run is looked at, while it goes on and afterwards", async (t) => {
  await using project = await Project.make();
  await project.write("flow.toml", WORKFLOW);
  const browser = await launch();
  try {
    await t.step(
      "the live view follows it from start to end, and the next",
      () => live(browser, project),
    );
    await t.step(
      "its report shows a regression and attribution maps",
      () => sections(browser, project),
    );
    await t.step("a second run is compared with it", () => comparison(browser, project));
    await t.step("names that are markup stay text", () => hostile(browser, project));
  } finally {
    await browser.close();
  }
});

async function live(browser: Browser, project: Project): Promise<void> {
  const run = new Deno.Command(launcher, {
    args: ["run", "flow.toml", "--quiet"],
    cwd: project.folder,
    stdin: "null",
  }).spawn();
  await until(() => hasRecord(project), 30);
  const all = await View.start(["view"], project.folder);
  const list = await open(browser, all.url);
  await list.page.locator("#runs .pill.running").waitFor();
  const view = await View.start(["view", "latest"], project.folder);
  try {
    const { page, problems } = await open(browser, view.url);
    await page.locator(".pill.running").first().waitFor();
    await page.locator(".node.running").first().waitFor({ timeout: 60 * SECONDS });
    await page.locator("#curves canvas").waitFor({ timeout: 120 * SECONDS });
    assert(await inked(page, "#curves canvas") > 0.005);
    await page.locator('.title [data-status="done"]').waitFor({ timeout: 240 * SECONDS });
    await page.locator("#evaluation .square").first().waitFor();
    assertEquals(await page.locator(".node.done").count(), STEPS);
    await project.gyrus("run", "flow.toml", "--quiet");
    const [, newest] = (await project.gyrus("runs")).out.split("\n");
    await page.locator(".facts").getByText(newest.split(" ")[0]).waitFor();
    assertEquals(await page.locator("#overview li a").count(), 1, "the first run is listed");
    assertEquals(problems, []);
    await page.close();
    await listed(list);

    const { pathname } = new URL(view.url);
    const status = (path: string, headers: Record<string, string> = {}) =>
      view.statusOf(path, headers);
    assertEquals(await status(pathname), 200);
    assertEquals(await status(pathname, { host: "evil.example" }), 403);
    assertEquals(await status(pathname, { origin: "http://evil.example" }), 403);
    assertEquals(await status("/"), 404);
    assertEquals(await status(`${pathname}..%2f..%2frun.json`), 404);
    assertEquals(await status(`${pathname}run.json`), 404);
    assertEquals(await status(`${pathname}?run=${newest.split(" ")[0]}`), 200);
    assertEquals(await status(`${pathname}?run=../runs`), 404);
    assertEquals(await status(`${pathname}?run=${newest.split(" ")[0]}&against=../runs`), 404);
  } finally {
    assertEquals(await view.interrupt(), 0);
    assertEquals(await all.interrupt(), 0);
    assertEquals((await run.status).code, 0);
  }
}

/** The list of runs has followed both, and compares them. */
async function listed({ page, problems }: Watched): Promise<void> {
  const rows = page.locator("#runs tbody tr");
  await rows.nth(1).waitFor();
  await page.locator("#runs .pill.done").nth(1).waitFor();
  assertEquals(await rows.count(), 2);
  assertStringIncludes(await rows.nth(0).innerText(), "seen");
  for (const index of [0, 1]) await rows.nth(index).locator("input").check();
  await page.getByRole("link", { name: "Compare 2 runs" }).click();
  await page.locator("#comparison").getByText("No difference.").waitFor();
  assertStringIncludes(await page.locator("#comparison").innerText(), "one prediction each");
  assertEquals(problems, []);
  await page.close();
}

async function sections(browser: Browser, project: Project): Promise<void> {
  const path = `${project.folder}/results/report.html`;
  const data = await dataOf(path);
  const { page, problems } = await open(browser, fileUrl(path));

  const regression = data.evaluations.find(({ task }) => task === "regression")!;
  assertEquals([regression.instance, regression.label], ["evaluate_age", "age"]);
  assertStringIncludes(await page.locator("#overview").innerText(), "mean absolute error");
  const shown = page.locator("#evaluation .group", { hasText: "evaluate_age" });
  await shown.nth(1).click();
  assertEquals(await shown.nth(1).getAttribute("aria-pressed"), "true");
  assert(await shown.nth(1).evaluate((node) => node.matches(":focus")), "the focus stays");
  const charts = page.locator("#evaluation .square");
  assertEquals(await charts.count(), 2);
  assertStringIncludes(await charts.nth(0).innerText(), "predicted age");
  const rows = regression.groups[1].folds.reduce((sum, { scatter }) => sum + scatter.length, 0);
  assertEquals(rows, 2 * 8, "eight test participants, two folds");
  assertEquals(await charts.nth(0).locator("circle").count(), rows);

  const [{ figures, target }] = data.attributions;
  assertEquals([target, figures.length], ["AD", 6]);
  const captions = page.locator("#attribution figcaption");
  assertStringIncludes(await captions.nth(0).innerText(), "everyone selected by loss");
  assertStringIncludes(await page.locator("#attribution p").first().innerText(), "Grad-CAM of AD");

  await page.locator("#curves").getByRole("button", { name: "age", exact: true }).click();
  assertEquals(await page.locator("#curves .names button[aria-pressed]").allInnerTexts(), [
    "fold 0",
    "fold 1",
  ]);
  assertEquals(problems, []);
  await page.close();
}

async function comparison(browser: Browser, project: Project): Promise<void> {
  const set = ["--set", "evaluate.seed=2"];
  assertEquals((await project.gyrus("run", "flow.toml", "--quiet", ...set)).code, 0);
  const runs = [...Deno.readDirSync(`${project.folder}/.gyrus/runs`)]
    .filter(({ isDirectory }) => isDirectory).map(({ name }) => name).sort();
  const called = await project.gyrus(
    "report",
    runs.at(-1)!,
    "--against",
    runs[0],
    "--output",
    "both.html",
  );
  assertEquals([called.code, called.out], [0, "wrote both.html\n"]);
  const data = await dataOf(`${project.folder}/both.html`);
  assertEquals(
    data.comparison?.changes[0].instances.map(({ instance }) => instance),
    ["evaluate"],
  );
  assertEquals(data.comparison?.params, [{ name: "evaluate.seed", values: ["1", "2"] }]);
  const train = data.instances.find(({ step }) => step === "train")!;
  assertEquals(train.outcome, "cached");
  assertStringIncludes(train.log.at(-1)!, "epoch 3/3", "the log of when it was made");
  const compared = data.comparison!.groups.flatMap(({ metrics }) => metrics);
  assert(compared.every(({ runs: [old, now] }) => old!.mean === now!.mean));
  const pairs = data.comparison!.groups.flatMap(({ pairs }) => pairs);
  assertEquals(pairs.map(({ refused, participants }) => [refused, participants]), [
    [null, 8],
    [null, 8],
    [null, 8],
  ]);
  const tests = pairs.flatMap(({ metrics }) => metrics.flatMap(({ tests }) => tests));
  assert(tests.every(({ p, adjusted }) => p === 1 && adjusted === 1), "the same predictions");
  assertEquals(
    data.curves.series.map(({ against }) => against),
    [...Array(4).fill(null), ...Array(4).fill(runs[0])],
  );
  const { page, problems } = await open(browser, fileUrl(`${project.folder}/both.html`));
  assertStringIncludes(await page.locator("#comparison").innerText(), runs[0]);
  assertEquals(await page.locator(".node.cached").count(), STEPS - 1);
  assertEquals(problems, []);
  await page.close();
}

/** Fields whose text strangers write. */
const STRANGE = new Set([
  "workflow",
  "description",
  "participant",
  "session",
  "name",
  "message",
  "reasons",
  "log",
  "title",
  "truth",
  "predicted",
  "group",
  "text",
  "command",
  "classes",
  "kind",
  "from",
  "overlaps",
  "notes",
  "axes",
  "of",
  "target",
  "level",
  "label",
  "dataGroup",
  "selectionMetric",
]);
const MARKUP = `</script><script>document.title="owned"</script><img src=x onerror="alert(1)">`;

function withMarkup(value: unknown, field = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => withMarkup(item, field));
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, withMarkup(item, name)]),
    );
  }
  return typeof value === "string" && STRANGE.has(field) ? `${MARKUP} ${value}` : value;
}

async function hostile(browser: Browser, project: Project): Promise<void> {
  const data = await dataOf(`${project.folder}/results/report.html`);
  const page = await reportPage(withMarkup(data) as ReportData);
  await project.write("hostile.html", page);
  const watched = await open(browser, fileUrl(`${project.folder}/hostile.html`));
  for (const node of await watched.page.locator(".node").all()) await node.click();
  assertEquals(await watched.page.locator("img:not([src^='data:'])").count(), 0);
  assertEquals(await watched.page.locator("script").count(), 0, "the page removes its own");
  assert(await watched.page.title() !== "owned");
  assertStringIncludes(await watched.page.locator("h1").innerText(), MARKUP);
  assertStringIncludes(
    await watched.page.locator("#images figcaption").first().innerText(),
    MARKUP,
  );
  assertEquals(watched.problems, []);
  await watched.page.close();
}

Deno.test("a hundred runs of a hundred epochs stay smooth", async () => {
  const folder = await Deno.makeTempDir({ prefix: "gyrus-report-" });
  const browser = await launch();
  try {
    const path = `${folder}/many.html`;
    await Deno.writeTextFile(path, await reportPage(manyCurves(100, 100)));
    assert((await Deno.stat(path)).size < 5e6);
    const { page, problems } = await open(browser, fileUrl(path));
    const ready = await interactiveAfter(page, 1000);
    assert(ready < 1000, `interactive after ${Math.round(ready)} ms`);
    const each = await pointerTime(page);
    assert(each < 100, `${each.toFixed(1)} ms a move of the mouse`);
    assertEquals(problems, []);
  } finally {
    await browser.close();
    await Deno.remove(folder, { recursive: true });
  }
});
