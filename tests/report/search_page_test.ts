/** The page of a search in a browser, and its links to runs and back. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openStore } from "../../src/engine/store/store.ts";
import { LiveView } from "../../src/report/live.ts";
import { reportPage, searchPage } from "../../src/report/page.ts";
import { describeSearch, listSearches, readSearch } from "../../src/report/search/describe.ts";
import { inFolder } from "../engine/scratch.ts";
import { launch, open } from "./browser.ts";
import { fileUrl } from "./report_file.ts";
import { searchOfSixty } from "./synthetic_search.ts";
import { manyCurves } from "./synthetic.ts";

Deno.test("the page of a search of sixty trials has the best first, its charts and the honest estimate", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/report.html`;
    const { workflow, search, outcome } = searchOfSixty();
    await Deno.writeTextFile(path, await searchPage(describeSearch(workflow, search, outcome)));
    const browser = await launch();
    try {
      for (const width of [400, 1400]) {
        const { page, problems } = await open(browser, fileUrl(path), { width });
        assertEquals(await page.title(), "flow <b>: search rates");
        const numbers = () =>
          page.locator("#trials tbody tr th").allInnerTexts().then((all) => all.map(Number));
        const ranked = await numbers();
        assertEquals(ranked.length, 60);
        const best = outcome.trials.filter(({ state }) => state === "complete")
          .reduce((a, b) => b.value! < a.value! ? b : a);
        assertEquals(ranked[0], best.number);
        await page.locator("#trials th button", { hasText: "trial" }).click();
        assertEquals(await numbers(), Array.from({ length: 60 }, (_, i) => i));
        const text = await page.locator("main").innerText();
        assertStringIncludes(text, "The best validation value is optimistic");
        assertStringIncludes(text, "0.735 to 0.885, 95 % interval");
        assertStringIncludes(text, "the loss is not finite");
        const lines = await page.locator("#parameters .parallel path[stroke]").count();
        assertEquals(lines, outcome.trials.filter(({ value }) => value !== undefined).length);
        await page.locator("#parameters select").selectOption("train.optimizer");
        assertEquals(
          await page.locator("#parameters figcaption", { hasText: "by train.optimizer" }).count(),
          1,
        );
        assert(await page.locator("#curves canvas").count() === 1);
        const overflow = await page.evaluate(() => {
          // deno-lint-ignore no-explicit-any
          const { document, innerWidth } = globalThis as any;
          return document.documentElement.scrollWidth - innerWidth;
        });
        assertEquals(overflow, 0, `at ${width}`);
        assertEquals(problems, []);
        await page.close();
      }
    } finally {
      await browser.close();
    }
  });
});

Deno.test("what is kept of a search is read again, and a report in a run's folder links to its page", async () => {
  await inFolder(async (folder) => {
    const store = openStore(`${folder}/.gyrus`);
    const { workflow, search, outcome } = searchOfSixty();
    const described = describeSearch(workflow, search, outcome);
    const place = `${store.root}/searches/rates`;
    await Deno.mkdir(place, { recursive: true });
    await Deno.mkdir(`${store.root}/runs/one`, { recursive: true });
    await Deno.writeTextFile(`${place}/search.json`, JSON.stringify(described));
    await Deno.writeTextFile(`${place}/report.html`, await searchPage(described));
    assertEquals(readSearch(store, "rates"), described);
    assertEquals(readSearch(store, "../rates"), undefined);
    assertEquals(listSearches(store, workflow.file), ["rates"]);
    assertEquals(listSearches(store, "/other.toml"), []);
    const view = new LiveView(store, { runs: () => [] });
    try {
      const served = async (parameters: string) => {
        const response = await fetch(`${view.url}${parameters}`);
        return [response.status, await response.text()] as const;
      };
      assertStringIncludes((await served(""))[1], '"searches":["rates"]');
      const [status, text] = await served("?search=rates");
      assertEquals(status, 200);
      assertStringIncludes(text, "flow &lt;b&gt;: search rates");
      assertEquals((await served("?search=other"))[0], 404);
    } finally {
      await view.close();
    }
    await Deno.writeTextFile(`${place}/search.json`, "{");
    assertEquals(listSearches(store), []);

    const report = manyCurves(2, 3);
    report.overview.searches = ["rates"];
    const path = `${store.root}/runs/one/report.html`;
    await Deno.writeTextFile(path, await reportPage(report));
    await Deno.writeTextFile(`${folder}/copy.html`, await reportPage(report));
    const browser = await launch();
    try {
      const { page } = await open(browser, fileUrl(path));
      await page.locator("#overview a", { hasText: "rates" }).click();
      assertEquals(await page.title(), "flow <b>: search rates");
      const copy = await open(browser, fileUrl(`${folder}/copy.html`));
      assertEquals(await copy.page.locator("a", { hasText: "rates" }).count(), 0);
    } finally {
      await browser.close();
    }
  });
});
