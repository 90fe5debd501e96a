import { assertEquals } from "@std/assert";
import { LivePage, type LiveSource } from "../../src/report/live_page.ts";

/** Data that a test changes. */
class Source implements LiveSource<{ count: number; name: string }> {
  count = 0;
  builds = 0;
  hasRun = true;

  state(): string {
    return `${this.count} ${this.hasRun}`;
  }

  build() {
    this.builds++;
    return Promise.resolve(this.hasRun ? { count: this.count, name: "same" } : undefined);
  }

  hasEnded({ count }: { count: number; name: string }): boolean {
    return count > 1;
  }
}

Deno.test("a page sends everything first, then what changes, and ends", async () => {
  const source = new Source();
  const page = new LivePage(source);
  const stream = await page.listen();
  const messages: string[] = [];
  const decoder = new TextDecoder();
  for await (const bytes of stream) {
    const text = decoder.decode(bytes);
    messages.push(text);
    source.count++;
    if (text.startsWith("event: end")) break;
  }
  assertEquals(messages, [
    'event: change\ndata: {"count":0,"name":"same"}\n\n',
    'event: change\ndata: {"count":1}\n\n',
    'event: change\ndata: {"count":2}\n\n',
    "event: end\ndata: {}\n\n",
  ]);
  page.close();
});

Deno.test("a page that nobody looks at is built when it is asked for, once for each state", async () => {
  const source = new Source();
  const page = new LivePage(source);
  await Promise.all([page.read(), page.read()]);
  assertEquals(source.builds, 1);
  source.count = 1;
  assertEquals(await page.read(), { count: 1, name: "same" });
  source.hasRun = false;
  assertEquals(await page.read(), { count: 1, name: "same" }, "the last data stay");
  assertEquals(page.isWatched, false);
  page.close();
});
