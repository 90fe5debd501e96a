/** The demo in headless Chromium, whose software adapter is another one than Deno's. */
import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { Experiment } from "../../src/demo/experiment.ts";
import { openDevice } from "../../src/gpu/device.ts";
import {
  type Browser,
  inked,
  launch,
  open,
  type Page,
  SOFTWARE_WEBGPU,
} from "../report/browser.ts";
import { View } from "../report/view.ts";
import { call, launcher } from "../cli/project.ts";

const full = Deno.env.get("GYRUS_TEST_FULL") === "1";

/** Milliseconds; Chromium's software adapter takes seconds for a kernel and for a batch. */
const SLOW = { timeout: 120_000 };

Deno.test("gyrus view --demo trains a network in a browser", async (t) => {
  const folder = await Deno.makeTempDir();
  const view = await View.start(["view", "--demo"], folder);
  const browser = await launch(SOFTWARE_WEBGPU);
  try {
    await t.step({
      name: "its first loss is Deno's, and it stops and continues",
      ignore: !full,
      fn: () => training(browser, view.url),
    });
    await t.step("it draws its slices", () => drawing(browser, view.url));
    await t.step("a browser without WebGPU gets a plain message", () => refusal(browser, view.url));
    await t.step("nothing else can be read from the server", async () => {
      const { pathname } = new URL(view.url);
      assertEquals(await view.statusOf(`${pathname}src/demo/experiment.ts`), 200);
      assertEquals(await view.statusOf(`${pathname}src/cli/main.ts`), 404);
      assertEquals(await view.statusOf(`${pathname}deno.json`), 404);
      assertEquals(await view.statusOf("/src/demo/experiment.ts"), 404);
    });
    await t.step("it refuses a run, which it would not show", async () => {
      const { code, err } = await call(launcher, ["view", "--demo", "latest"], { cwd: folder });
      assertEquals(code, 2);
      assertStringIncludes(err, "--demo shows no run; leave out latest");
    });
  } finally {
    await browser.close();
    assertEquals(await view.interrupt(), 0);
    assertEquals([...Deno.readDirSync(folder)], [], "the demo writes nothing");
    await Deno.remove(folder);
  }
});

async function drawing(browser: Browser, url: string): Promise<void> {
  const { page, problems } = await open(browser, url);
  await page.getByRole("button", { name: "Start" }).waitFor();
  assertEquals(await page.locator("figcaption").allInnerTexts(), [
    ...["healthy", "patient", "healthy", "patient"],
    ...["healthy", "patient", "healthy", "patient"],
  ]);
  assertEquals(await inked(page, ".slices canvas"), 1);
  assertStringIncludes(await page.locator("[role=status]").innerText(), "swiftshader");
  assertEquals(problems, []);
  await page.close();
}

async function training(browser: Browser, url: string): Promise<void> {
  const { page, problems } = await open(browser, url);
  const button = page.locator(".start");
  await button.click();
  assertEquals(await button.innerText(), "Stop");
  const expected = await firstLossInDeno();
  const first = await shown(page, "first loss").innerText(SLOW);
  assertAlmostEquals(Number(first), expected, 1e-5);
  await button.click();
  await page.getByRole("button", { name: "Continue" }).waitFor(SLOW);
  assert(await inked(page, ".curves canvas") > 0.005);
  const loss = await shown(page, "loss").innerText();
  await button.click();
  await shown(page, "loss").filter({ hasNotText: loss }).waitFor(SLOW);
  assertEquals(await shown(page, "first loss").innerText(), first);
  assertEquals(problems, []);
  await page.close();
}

/** A number that the page shows, as soon as there is one. */
function shown(page: Page, name: string) {
  return page.locator(`dt:text-is("${name}") + dd`).filter({ hasText: /\d/ });
}

async function firstLossInDeno(): Promise<number> {
  const device = await openDevice();
  try {
    const experiment = await Experiment.create(device);
    return (await experiment.trainBatches()).losses[0];
  } finally {
    device.destroy();
  }
}

async function refusal(browser: Browser, url: string): Promise<void> {
  const page = await browser.newPage();
  await page.addInitScript(() => {
    Object.defineProperty(Navigator.prototype, "gpu", { value: undefined });
  });
  await page.goto(url);
  const note = page.locator(".note");
  await note.waitFor();
  assertStringIncludes(await note.innerText(), "This browser has no WebGPU");
  assertEquals(await page.locator(".start").count(), 0);
  await page.close();
}
