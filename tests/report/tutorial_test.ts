/**
 * The tutorial's own workflow file, run by the launcher, and the report that it publishes, opened from
 * disk in a browser. The short form runs it on fewer and smaller heads.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { ReportData } from "../../src/report/data.ts";
import { Project } from "../cli/project.ts";
import { type Browser, inked, interactiveAfter, launch, open, type Page } from "./browser.ts";
import { faintTexts } from "./contrast.js";
import { dataOf, fileUrl } from "./report_file.ts";

const full = Deno.env.get("GYRUS_TEST_FULL") === "1";
const SMALLER = [
  "params.n_subjects=10",
  "params.n_splits=2",
  "params.epochs=1",
  "single.batch_size=16",
  "caps.image_size=32",
  "slices.slices=[14,18]",
  "split.n_test=4",
  "split.p_age_threshold=0.1",
  "split.p_sex_threshold=0.1",
];
const [folds, slices, epochs, subjects] = full ? [4, 4, 5, 80] : [2, 2, 1, 20];

Deno.test("the tutorial's report opens from disk and answers to clicks", async (t) => {
  await using project = await Project.make();
  const file = new URL("../../workflows/tutorial.toml", import.meta.url);
  await project.write("tutorial.toml", await Deno.readTextFile(file));
  const overrides = full ? [] : SMALLER.flatMap((override) => ["--set", override]);
  const run = await project.gyrus("run", "tutorial.toml", "--quiet", ...overrides);
  assertEquals(run.code, 0, run.err);
  const path = `${project.folder}/results/tutorial/report.html`;
  const { size } = await Deno.stat(path);
  assert(size < 5e6, `${size} bytes`);
  const data = await dataOf(path);
  const browser = await launch();
  try {
    const { page, problems } = await open(browser, fileUrl(path));
    await t.step("it is interactive within a second", async () => {
      const ready = await interactiveAfter(page, full ? 0 : 1000);
      if (full) console.log(`${(size / 1e6).toFixed(2)} MB, interactive in ${ready.toFixed(0)} ms`);
      assert(ready < 1000, `interactive after ${Math.round(ready)} ms`);
      await page.reload();
    });
    await t.step("a step opens to all that is known of it", () => steps(page));
    await t.step("curves are drawn, chosen and zoomed", () => curves(page, data));
    await t.step("every group of predictions is evaluated in full", () => evaluation(page, data));
    await t.step("participants and images are shown", () => people(page, data));
    await t.step("it says how to do it again", () => reproduction(page));
    await t.step("it has two themes, and prints in light", () => themes(page));
    assertEquals(problems, [], "errors, or requests that leave the page");
    await page.close();
    for (const [width, scheme] of [[400, "dark"], [1400, "light"]] as const) {
      await t.step(
        `it is read at ${width} pixels in ${scheme}`,
        () => readable(browser, path, width, scheme),
      );
    }
  } finally {
    await browser.close();
  }
});

async function steps(page: Page): Promise<void> {
  assertEquals(await page.locator(".node.done").count(), 13);
  const step = page.getByRole("button", { name: /^single/ }).first();
  await step.focus();
  await page.keyboard.press("Enter");
  assertEquals(await step.getAttribute("aria-expanded"), "true");
  const panel = page.locator(".step");
  await panel.getByRole("button", { name: "fold 1" }).click();
  await panel.getByText("Log", { exact: true }).click();
  await panel.getByText("Device", { exact: true }).click();
  const text = await panel.innerText();
  for (const part of ["resnet18", "never run", "folds.folds[1]", "sha256-", `epoch ${epochs}/`]) {
    assertStringIncludes(text, part);
  }
  assertEquals(await page.locator(".edge.near").count(), 5, "to and from the open step");
}

async function curves(page: Page, { curves }: ReportData): Promise<void> {
  assertEquals(curves.series.length, folds + folds * slices);
  for (const { instance, epochs: drawn, chosen, validation } of curves.series) {
    assertEquals(drawn.length, instance.startsWith("single") ? epochs : 1);
    const accuracies = validation.BA.map((value) => value ?? 0);
    assertEquals(chosen.BA, accuracies.indexOf(Math.max(...accuracies)));
  }
  const section = page.locator("#curves");
  const canvas = section.locator("canvas");
  assert(await inked(page, "#curves canvas") > 0.005);
  const names = section.locator(".names button[aria-pressed]");
  assertEquals(await names.count(), folds);
  const before = await canvas.screenshot();
  await section.locator("select").selectOption("BA");
  assert(!before.equals(await canvas.screenshot()), "another metric draws other curves");
  await section.getByRole("button", { name: "all together" }).click();
  assertEquals(await names.count(), curves.series.length);
  await section.locator(".frame").focus();
  await page.keyboard.press("ArrowRight");
  assertStringIncludes(await section.locator(".readout").innerText(), "balanced accuracy");
  if (!full) return;
  const all = await canvas.screenshot();
  await section.getByRole("button", { name: "Zoom in" }).click();
  assert(!all.equals(await canvas.screenshot()), "zoomed");
}

async function evaluation(page: Page, { evaluations }: ReportData): Promise<void> {
  const section = page.locator("#evaluation");
  const groups = section.locator(".group");
  assertEquals(await groups.count(), evaluations.flatMap(({ groups }) => groups).length);
  await groups.last().click();
  assertEquals(await groups.last().getAttribute("aria-pressed"), "true");
  assertEquals(await section.locator(".square").count(), 3, "ROC, precision-recall, calibration");
  assertEquals(await section.locator(".band").count(), 2);
  assertEquals(await section.locator(".matrix").count(), folds + 1);
  assertStringIncludes(await section.innerText(), "95 % intervals");
}

interface Sized {
  naturalWidth: number;
}

async function people(page: Page, { cohorts }: ReportData): Promise<void> {
  assertStringIncludes(await page.locator("#participants").innerText(), "No leakage");
  assertEquals(
    cohorts.map(({ roles }) => roles.map(({ role }) => role)),
    Array(folds).fill(["train", "validation", "test"]),
  );
  const people = cohorts[0].roles.reduce((sum, { participants }) => sum + participants, 0);
  assertEquals(people, subjects);
  for (const variable of ["age", "sex", "diagnosis"]) {
    assert(cohorts[0].tests.some((test) => test.variable === variable && test.p !== null));
  }
  const images = page.locator("#images img");
  assertEquals(await images.count(), 8);
  for (const image of await images.all()) {
    const width = await image.evaluate((node) => (node as unknown as Sized).naturalWidth);
    assert(width > 0);
  }
  assertEquals(await page.locator("#mistakes").isVisible(), true);
}

async function reproduction(page: Page): Promise<void> {
  const section = page.locator("#reproduce");
  await section.getByText("tutorial.toml", { exact: true }).click();
  await section.getByText("tutorial.lock.json", { exact: true }).click();
  const text = await section.innerText();
  for (const part of ['uses = "generate.phantom"', "gyrus run tutorial.toml", "2.9", "Device"]) {
    assertStringIncludes(text, part);
  }
}

async function themes(page: Page): Promise<void> {
  const theme = () => page.locator("html").getAttribute("data-theme");
  assertEquals(await theme(), "light");
  await page.getByRole("button", { name: /light and dark/ }).click();
  assertEquals(await theme(), "dark");
  await page.pdf();
  assertEquals(await theme(), "dark", "after printing");
}

interface Styled {
  style: { setProperty(name: string, value: string): void };
}

async function readable(
  browser: Browser,
  path: string,
  width: number,
  scheme: "light" | "dark",
): Promise<void> {
  const touch = width < 600;
  const { page, problems } = await open(browser, fileUrl(path), { width, scheme, touch });
  await page.getByRole("button", { name: /^single/ }).first().click();
  assertEquals(await page.evaluate(faintTexts), []);
  await page.locator("h1").evaluate((node) =>
    (node as unknown as Styled).style.setProperty("opacity", "0.2")
  );
  assertEquals((await page.evaluate(faintTexts)).length, 1, "the check sees what is faint");
  const wide = await page.locator("html").evaluate((node) => node.scrollWidth);
  assert(wide <= width, `${wide} pixels wide in a window of ${width}`);
  for (const node of await page.locator(".node").all()) {
    const box = (await node.boundingBox())!;
    assert(box.x >= 0 && box.x + box.width <= width, "the graph fits the window");
  }
  if (touch) {
    const over = page.locator("#curves .u-over");
    await over.scrollIntoViewIfNeeded();
    const hint = await page.locator("#curves .readout").innerText();
    const { x, y, width, height } = (await over.boundingBox())!;
    for (let at = 0; at < 1; at += 0.02) {
      await page.touchscreen.tap(x + width / 2, y + height * at);
      if (await page.locator("#curves .readout").innerText() !== hint) break;
    }
    assertStringIncludes(await page.locator("#curves .readout").innerText(), "loss");
  }
  assertEquals(problems, []);
  await page.close();
}
