/** What a report that was written to a file holds. */
import type { ReportData } from "../../src/report/data.ts";

export async function dataOf(path: string): Promise<ReportData> {
  const html = await Deno.readTextFile(path);
  const [, json] = html.match(/<script type="application\/json" id="data">(.*)<\/script>/) ?? [];
  return JSON.parse(json);
}

export function fileUrl(path: string): string {
  return `file://${encodeURI(path)}`;
}
