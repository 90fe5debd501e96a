/** Headless Chromium that notes whatever a page does wrong. */
// Not in deno.json: the program needs no browser, so its first run fetches none.
// deno-lint-ignore no-import-prefix
import { type Browser, chromium, type Page } from "npm:playwright-core@1.65.1";

export type { Browser, Page };

const PLACES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
  .flatMap((name) => ["/usr/bin", "/usr/local/bin"].map((folder) => `${folder}/${name}`));

/** Gives pages WebGPU by Chromium's own software adapter, on machines with a GPU too. */
export const SOFTWARE_WEBGPU = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

export async function launch(args: readonly string[] = ["--disable-gpu"]): Promise<Browser> {
  const executablePath = PLACES.find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
  if (executablePath === undefined) {
    throw new Error("no Chromium was found. On Debian: apt-get install chromium");
  }
  return await chromium.launch({ executablePath, args: ["--no-sandbox", ...args] });
}

export interface Watched {
  page: Page;
  /** Errors on the console, uncaught ones, and requests that leave the report or its server. */
  problems: string[];
}

/** @param home where the page may ask for things, such as `http://127.0.0.1:8000/` */
export async function open(
  browser: Browser,
  url: string,
  { width = 1400, scheme = "light" as "light" | "dark", touch = false, home = url } = {},
): Promise<Watched> {
  const page = await browser.newPage({
    viewport: { width, height: 900 },
    colorScheme: scheme,
    hasTouch: touch,
  });
  const problems: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("dialog", (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    const to = request.url();
    if (!to.startsWith("data:") && !to.startsWith(home)) problems.push(`request: ${to}`);
  });
  await page.goto(url);
  return { page, problems };
}

/** Share of a canvas's pixels that something was drawn on. */
export function inked(page: Page, selector: string): Promise<number> {
  return page.locator(selector).first().evaluate((canvas) => {
    const { width, height, getContext } = canvas as unknown as {
      width: number;
      height: number;
      getContext: (kind: "2d") => {
        getImageData(x: number, y: number, w: number, h: number): { data: Uint8ClampedArray };
      };
    };
    const { data } = getContext.call(canvas, "2d").getImageData(0, 0, width, height);
    let drawn = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i] > 0) drawn++;
    return drawn / (width * height);
  });
}

/**
 * Milliseconds from navigation until the curves are drawn and a click on the first step is answered:
 * the best of ten loads, since other programs want the processor too, or the first that is enough.
 */
export async function interactiveAfter(page: Page, enough = 0): Promise<number> {
  let best = Infinity;
  for (let load = 0; load < 10 && best >= enough; load++) {
    await page.reload({ waitUntil: "commit" });
    best = Math.min(best, await page.evaluate(clickFirstStep));
  }
  return best;
}

/** Runs in the page. */
async function clickFirstStep(): Promise<number> {
  // deno-lint-ignore no-explicit-any
  const { document, requestAnimationFrame } = globalThis as any;
  const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const found = (selector: string) => document.querySelector(selector);
  while (!found("#curves canvas") || !found(".node")) await nextFrame();
  found(".node").click();
  while (!found(".step h3")) await nextFrame();
  await nextFrame();
  return performance.now();
}

/** Milliseconds of each of some moves of the mouse over the learning curves. */
export async function pointerTime(page: Page): Promise<number> {
  const box = (await page.locator("#curves .u-over").boundingBox())!;
  const started = performance.now();
  const moves = 40;
  for (let i = 0; i < moves; i++) {
    await page.mouse.move(box.x + box.width * i / moves, box.y + box.height * (i % 7) / 7);
  }
  return (performance.now() - started) / moves;
}
