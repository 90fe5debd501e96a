/**
 * How big a report is and how soon it answers, next to one of a hundred runs of a hundred epochs:
 *
 *   deno run -A tests/report/page_bench.ts workflows/results/tutorial/report.html
 */
import { reportPage } from "../../src/report/page.ts";
import { interactiveAfter, launch, open, pointerTime } from "./browser.ts";
import { fileUrl } from "./report_file.ts";
import { manyCurves } from "./synthetic.ts";

const many = await Deno.makeTempFile({ suffix: ".html" });
const browser = await launch();
try {
  await Deno.writeTextFile(many, await reportPage(manyCurves(100, 100)));
  const reports = Deno.args.map((path) => [path, Deno.realPathSync(path)]);
  console.log("report · MB · ms until interactive (aim 1000) · ms a move of the mouse");
  for (const [name, path] of [...reports, ["100 runs of 100 epochs", many]]) {
    const { page } = await open(browser, fileUrl(path));
    const megabytes = (await Deno.stat(path)).size / 1e6;
    const interactive = await interactiveAfter(page);
    const pointer = await pointerTime(page);
    console.log(
      `${name} · ${megabytes.toFixed(2)} · ${interactive.toFixed(0)} · ${pointer.toFixed(1)}`,
    );
    await page.close();
  }
} finally {
  await browser.close();
  await Deno.remove(many);
}
