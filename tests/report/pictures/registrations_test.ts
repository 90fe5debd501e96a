import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { encode } from "fast-png";
import { type AssessedHead, qualityOutput } from "../../../src/artifacts/quality.ts";
import { describeRegistrations } from "../../../src/report/pictures/registrations.ts";
import { SINGLE_COHORT } from "../../../src/tables/identity.ts";
import { reportPage } from "../../../src/report/page.ts";
import { launch, open } from "../browser.ts";
import { faintTexts } from "../contrast.js";
import { MadeRun } from "../made_run.ts";
import { fileUrl } from "../report_file.ts";
import { manyCurves } from "../synthetic.ts";

const MEASURES = {
  mutual_information: 0.8,
  correlation: 0.6,
  scale_x: 1,
  scale_y: 1,
  scale_z: 1,
  shear: 0,
  rotation: 1,
  shift: 1,
  field_range: 1.2,
};

/** Images that fit the better the higher their number; the 5th has an odd scale, the 6th failed. */
function heads(count: number): AssessedHead[] {
  return Array.from({ length: count }, (_, i) => ({
    participant: `sub-${i}`,
    session: "ses-M000",
    cohort: i === 7 ? "B" : SINGLE_COHORT,
    result: i === 6 ? { failure: "skull-stripped" } : {
      ...MEASURES,
      mutual_information: 0.7 + i / 1000,
      scale_z: i === 5 ? 1.6 : 1 + i / 10_000,
    },
  }));
}

const PNG = encode({ width: 900, height: 2, channels: 1, depth: 8, data: new Uint8Array(1800) });

function drawn(quality: string) {
  return {
    kind: "preprocess.figure",
    inputs: { quality },
    outputs: { contact_sheet: { type: "figure", draft: { files: { "contact_sheet.png": PNG } } } },
  };
}

function registered(count: number) {
  return {
    kind: "preprocess.t1_linear",
    outputs: { quality: { type: "quality", draft: qualityOutput(heads(count)) } },
  };
}

Deno.test("outliers come first, then the images of the lowest mutual information", async () => {
  await using run = await MadeRun.make({ t1: registered(40), look: drawn("t1.quality") });
  const [found, ...others] = await describeRegistrations(run.artifacts);
  assertEquals(others, []);
  assertEquals([found.heads, found.outliers, found.failed], [40, 1, 1]);
  assertEquals(found.failures, ["sub-6 ses-M000: skull-stripped"]);
  assertEquals(found.rows.length, 20);
  assertEquals(found.rows.map(({ head }) => head).slice(0, 8), [
    "sub-5 ses-M000",
    "sub-0 ses-M000",
    "sub-1 ses-M000",
    "sub-2 ses-M000",
    "sub-3 ses-M000",
    "sub-4 ses-M000",
    "sub-7 ses-M000 B",
    "sub-8 ses-M000",
  ]);
  assertEquals(found.rows[0].reason.startsWith("scale_z 1.6 (z "), true);
  assertEquals(found.sheets, [`data:image/png;base64,${PNG.toBase64()}`]);
});

Deno.test("a contact sheet belongs to the images that it was drawn of", async () => {
  await using run = await MadeRun.make({
    t1: registered(4),
    other: registered(3),
    look: drawn("other.quality"),
  });
  const found = await describeRegistrations(run.artifacts);
  assertEquals(found.map(({ instance, sheets }) => [instance, sheets.length]), [
    ["t1", 0],
    ["other", 1],
  ]);
});

Deno.test("the page shows failures, outliers and the worst heads, on narrow screens too", async () => {
  await using run = await MadeRun.make({ t1: registered(40), look: drawn("t1.quality") });
  const registrations = await describeRegistrations(run.artifacts);
  const path = `${run.folder}/report.html`;
  await Deno.writeTextFile(path, await reportPage({ ...manyCurves(1, 2), registrations }));
  const browser = await launch();
  try {
    const { page, problems } = await open(browser, fileUrl(path), { width: 400, scheme: "dark" });
    const section = page.locator("#registration");
    const text = await section.innerText();
    assertStringIncludes(text, "1 of 40 images differ from the others");
    assertStringIncludes(text, "1 of 40 images failed\nsub-6 ses-M000: skull-stripped");
    assertStringIncludes(text, "19 images more, of higher MI.");
    assertEquals(await section.locator("tbody tr").count(), 20);
    assertEquals(await section.locator("tbody .notable").allInnerTexts(), ["1.600"]);
    assertEquals(await section.locator("tbody tr").first().locator(".pill").innerText(), "outlier");
    assert((await section.locator("img").boundingBox())!.width < 400);
    assertEquals(await page.evaluate(faintTexts), []);
    const wide = await page.locator("html").evaluate((node) => node.scrollWidth);
    assert(wide <= 400, `${wide} pixels wide`);
    assertEquals(problems, []);
  } finally {
    await browser.close();
  }
});
