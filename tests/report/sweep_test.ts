/** A sweep of twelve groups in a browser: its table, its plots, and what they are saved as. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { EvaluatedGroupData, FoldData, ReportData } from "../../src/report/data.ts";
import { bestGroup } from "../../src/report/main_result.ts";
import { reportPage } from "../../src/report/page.ts";
import { launch, open, type Page } from "./browser.ts";
import { fileUrl } from "./report_file.ts";
import { manyCurves } from "./synthetic.ts";

const RATES = ["0.001", "0.0003", "0.0001", "0.00003"];
const SIZES = ["4", "8", "16"];

/** The best on validation sets is that of 0.0003 and 16, the best on the test set that of 0.001 and 4. */
function groupsOfSweep(): EvaluatedGroupData[] {
  return RATES.flatMap((learning_rate, i) =>
    SIZES.map((batch_size, j) => {
      const score = 0.9 - 0.05 * i - 0.02 * j;
      const metric = {
        value: score,
        lower: score - 0.1,
        upper: score + 0.05,
        undefinedResamples: 0,
      };
      const fold: FoldData = {
        fold: "pooled",
        participants: 20,
        rows: 20,
        metrics: { BA: metric },
        confusion: [[8, 2], [1, 9]],
        curves: [{ class: 0, roc: [[0, 0], [0.2, 0.8], [1, 1]], precisionRecall: null }],
        calibration: null,
        scatter: [],
      };
      return {
        axes: `learning_rate=${learning_rate}, batch_size=${batch_size}`,
        point: { learning_rate, batch_size },
        dataGroup: "test",
        selectionMetric: "BA",
        level: "image",
        folds: [fold],
        pooled: fold,
        summary: { BA: { mean: score, sd: null } },
        validation: { BA: i === 1 && j === 2 ? 0.95 : 0.8 - 0.01 * i + 0.002 * j },
        bands: [{ class: 0, roc: { x: [0, 1], mean: [0, 1], sd: [0, 0] }, precisionRecall: null }],
      };
    })
  );
}

function sweepOfTwelve(): ReportData {
  const groups = groupsOfSweep();
  return {
    ...manyCurves(2, 5),
    evaluations: [{
      instance: "evaluate",
      task: "classification",
      label: "diagnosis",
      classes: ["AD", "CN"],
      confidence: 0.95,
      groups,
      best: bestGroup(groups),
    }],
  };
}

/** Opens the menu of a plot and saves it. */
async function saved(page: Page, plot: string, format: "SVG" | "PNG" | "TSV"): Promise<Uint8Array> {
  const menu = page.locator(".export", { hasText: `Save ${plot}` }).first();
  if (await menu.getAttribute("open") === null) await menu.locator("summary").click();
  const download = page.waitForEvent("download");
  await menu.getByRole("button", { name: format, exact: true }).click();
  return await Deno.readFile(await (await download).path());
}

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("a sweep of twelve is a sortable table, the best by validation first, and two plots", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "gyrus-report-" });
  const browser = await launch();
  try {
    const path = `${folder}/sweep.html`;
    await Deno.writeTextFile(path, await reportPage(sweepOfTwelve()));
    const { page, problems } = await open(browser, fileUrl(path));
    const section = page.locator("#sweep");
    const cells = async () => {
      const rows = await section.locator("tbody tr").allInnerTexts();
      return rows.map((row) => row.split("\t").map((cell) => cell.trim()));
    };

    await t.step("the headline is the best by validation, not by test", async () => {
      const headline = await page.locator(".headline").innerText();
      assertStringIncludes(headline, "0.810");
      assertStringIncludes(headline, "best of 12 groups by balanced accuracy on validation sets");
      assertEquals((await cells()).length, 12);
      assertEquals((await cells())[0].slice(0, 4), ["0.0003", "16", "0.950", "0.810"]);
    });

    await t.step("a column sorts the table", async () => {
      await section.getByRole("button", { name: "balanced accuracy, test" }).click();
      assertEquals((await cells())[0].slice(0, 2), ["0.001", "4"]);
      await section.getByRole("button", { name: "learning_rate" }).first().click();
      assertEquals((await cells())[0][0], "0.00003");
    });

    await t.step(
      "parallel coordinates have a line a group, the chosen parameter has its dots",
      async () => {
        const lines = section.locator(".parallel path[stroke]");
        assertEquals(await lines.count(), 12);
        const dots = section.locator(".square:not(.wide) circle");
        assertEquals(await dots.count(), 24);
        const placesOf = () =>
          dots.evaluateAll((all) => new Set(all.map((dot) => dot.getAttribute("cx"))).size);
        assertEquals(await placesOf(), 4);
        await section.locator("select").selectOption("batch_size");
        assertEquals(await placesOf(), 3);
      },
    );

    await t.step("every plot is saved as SVG, PNG and TSV", async () => {
      const plots = await page.locator(".export .unseen").allInnerTexts();
      assertEquals(plots.map((text) => text.trim()), [
        "Save learning curves",
        "Save Parameters and balanced accuracy",
        "Save balanced accuracy by batch_size",
        "Save ROC, AD",
        "Save Precision-recall, AD",
      ]);
      for (const plot of plots.map((text) => text.trim().slice("Save ".length))) {
        const svg = textOf(await saved(page, plot, "SVG"));
        assert(svg.startsWith("<svg") && svg.includes('xmlns="http://www.w3.org/2000/svg"'), plot);
        assert(!/class=|var\(/.test(svg), "no style of the page is needed");
        const png = await saved(page, plot, "PNG");
        assertEquals([...png.subarray(1, 4)], [..."PNG"].map((c) => c.charCodeAt(0)), plot);
        assert(png.length > 1500, `${plot}: ${png.length} bytes`);
      }
      const curves = textOf(await saved(page, "learning curves", "TSV")).split("\n");
      assertEquals([curves[0], curves.length], ["line\tepoch\tloss", 1 + 2 * 2 * 5 + 1]);
      const parallel = textOf(await saved(page, "Parameters and balanced accuracy", "TSV"));
      assertStringIncludes(parallel, "learning_rate\tbatch_size\tBA, validation\tBA, test\n");
      assertStringIncludes(parallel, "\n0.0003\t16\t0.950\t0.810\n");
      const scores = textOf(await saved(page, "balanced accuracy by batch_size", "TSV"));
      assertStringIncludes(scores, "set\tbatch_size\tbalanced accuracy\nvalidation\t4\t0.8\n");
      assertEquals(
        textOf(await saved(page, "ROC, AD", "TSV")),
        "line\t1 − specificity\tsensitivity\nsplit pooled\t0\t0\nsplit pooled\t0.2\t0.8\nsplit pooled\t1\t1\n",
      );
    });
    assertEquals(problems, []);

    for (const [width, scheme] of [[400, "dark"], [400, "light"], [1400, "dark"]] as const) {
      const { page, problems } = await open(browser, fileUrl(path), { width, scheme });
      const wide = await page.locator("html").evaluate((node) => node.scrollWidth);
      assert(wide <= width, `${wide} pixels wide in a window of ${width}`);
      assertEquals(problems, []);
      await page.close();
    }
  } finally {
    await browser.close();
    await Deno.remove(folder, { recursive: true });
  }
});
