/** The report of a run, and its copies that `[publish]` names. */
import { DataError } from "../errors.ts";
import { publishFile } from "../engine/publish/publish.ts";
import type { RunResult } from "../engine/run/run.ts";
import { readRun } from "../engine/run/run_folder.ts";
import type { Store } from "../engine/store/store.ts";
import { shortPath } from "./failure.ts";
import type { Output } from "./terminal.ts";

/**
 * Writes the report of a run that executed something or copied results, and of any whose published copy is missing.
 *
 * @param output where the main result, the written paths and how to open the report are printed
 * @param openCommand of the report of a run
 * @returns problems of copies that were refused; the run itself is not affected
 */
export async function writeRunReport(
  store: Store,
  { id, plan: { workflow }, counts, status }: RunResult,
  force: boolean,
  output: Output | undefined,
  openCommand: (id: string) => string,
): Promise<Error[]> {
  const reports = workflow.reports ?? [];
  const missing = reports.some((path) =>
    store.files.size(`${workflow.folder}/${path}`) === undefined
  );
  if (id === undefined || status === "interrupted") return [];
  const copied = store.shared?.taken.results ?? 0;
  if (counts.done + counts.failed + copied === 0 && !missing) return [];
  const record = readRun(store, id);
  if (!record) return [];
  const { ReportBuilder } = await import("../report/build.ts");
  const { reportPage } = await import("../report/page.ts");
  const { reportPath, writePage } = await import("../report/write.ts");
  const { mainResultText } = await import("../report/main_result.ts");
  const data = await new ReportBuilder(store).build(record);
  const result = mainResultText(data.evaluations);
  if (result !== undefined) output?.line(result);
  const page = await reportPage(data);
  const path = reportPath(store, id);
  await writePage(page, path);
  if (reports.length === 0) output?.line(`wrote ${shortPath(path)}`);
  const problems: Error[] = [];
  for (const report of reports) {
    try {
      await publishFile(store, workflow, report, page, force);
      output?.line(`wrote ${shortPath(`${workflow.folder}/${report}`)}`);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      problems.push(error);
    }
  }
  output?.line(`open it: ${openCommand(id)}`);
  return problems;
}
