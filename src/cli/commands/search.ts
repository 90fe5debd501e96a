import { encodeEvent } from "../../engine/plan/events.ts";
import { searchOuterFolds } from "../../search/outer_search.ts";
import { runSearch, settingsOf } from "../../search/run_search.ts";
import { bestTrial } from "../../search/trial.ts";
import type { Search } from "../../workflow/graph.ts";
import { type Arguments, UsageError } from "../arguments.ts";
import type { Command } from "../command.ts";
import { openDisplay } from "../display.ts";
import { ExitCode } from "../failure.ts";
import { commandLine, optionWords } from "../hint.ts";
import { interruptText, onInterrupt } from "../interrupt.ts";
import { openCache, openWorkflow, SEARCH_OPTIONS } from "../open.ts";
import { countText } from "../quantity.ts";
import { newFile, SAVE_OPTION, writeWith } from "../save.ts";
import { chooseSearch, TrialRunner } from "../search/host.ts";
import { printResult, trialText, unfinishedText, writeFiles } from "../search/result.ts";

export default {
  arguments: [
    { name: "FILE", help: "Workflow file" },
    { name: "NAME", help: "A [search.NAME] of it; default: the only one", optional: true },
  ],
  options: {
    ...SEARCH_OPTIONS,
    "save-as": { ...SAVE_OPTION, help: "Write the workflow with the best values, next to FILE" },
    retry: { help: "Run trials again that failed before" },
    jobs: { value: "N", help: "Processors to use at once; default: all. It changes no result" },
    quiet: { help: "Print only the result" },
    json: { help: "Print every event, and every trial, as a line of JSON instead" },
  },
  details:
    `Trials are cached as any instance is: the same command continues a search that was interrupted,
and a larger n_trials extends one. With outer folds it is repeated in each, to estimate it honestly. Tables and a page of the search are written into the cache's folder.`,
  async run(args, terminal) {
    const jobs = args.count("jobs");
    const workflow = await openWorkflow(args);
    const search = chooseSearch(workflow, args.positionals[1]);
    refuseSetOfSpace(args, search);
    const name = args.value("save-as");
    const saveAs = name === undefined ? undefined : newFile(name, workflow);
    const { out, err } = terminal;
    const store = await openCache(args, workflow, err);
    const isPlain = !args.has("json") && !args.has("quiet");
    const display = openDisplay(args.has("quiet") ? err : out, {
      folder: workflow.folder,
      rerun: () =>
        commandLine(
          "search",
          args.positionals[0],
          search.name,
          ...optionWords(args, Object.keys(SEARCH_OPTIONS)),
        ),
    });
    const report = (message: string) => err.line(message);
    const interrupt = onInterrupt(report, interruptText(workflow));
    const host = new TrialRunner(
      store,
      args,
      search,
      jobs ?? workflow.profile?.jobs,
      interrupt,
      (event) => {
        if (args.has("json")) out.write(encodeEvent(event));
        else if (isPlain) display.show(event);
      },
      (trial, outer) => {
        if (args.has("json")) out.line(JSON.stringify({ type: "trial", outer, ...trial }));
        else if (isPlain) out.line(trialText(trial, search, outer));
      },
      report,
    );
    try {
      const result = await runSearch(search, workflow, host);
      const nested = search.outer === undefined || result.unfinished.length > 0
        ? undefined
        : await searchOuterFolds(search, workflow, host);
      const estimate = nested && "folds" in nested ? nested : undefined;
      display.close();
      if (args.has("json")) {
        if (estimate) out.line(JSON.stringify({ type: "estimate", ...estimate }));
      } else printResult(result, estimate, search, terminal);
      if (store.writable) {
        await writeFiles(store, workflow, search, { ...result, estimate }, terminal);
      }
      if (result.unfinished.length > 0) {
        err.line(`interrupted after ${countText(result.trials.length, "trial")}`);
        return ExitCode.interrupted;
      }
      if (nested && "unfinished" in nested) {
        err.line(`interrupted ${unfinishedText(nested.unfinished, search)}`);
        return ExitCode.interrupted;
      }
      if (nested && "failed" in nested) {
        err.line(`${err.paint("error", "red")}: no nested estimate: ${nested.failed}`);
        return ExitCode.failed;
      }
      const best = bestTrial(result.trials, search.goal);
      if (best === undefined) {
        err.line(`${err.paint("error", "red")}: no trial was completed`);
        return ExitCode.failed;
      }
      if (saveAs !== undefined) {
        const set = [...args.values("set"), ...settingsOf(search.space, best.values)];
        err.line(`wrote ${await writeWith(args, workflow, saveAs, set)}`);
      }
      return ExitCode.done;
    } finally {
      host.close();
      interrupt.close();
      display.close();
    }
  },
} satisfies Command;

/** @throws {UsageError} when `--set` gives a value of the space */
function refuseSetOfSpace(args: Arguments, { name, space }: Search): void {
  for (const text of args.values("set")) {
    const address = text.slice(0, Math.max(0, text.indexOf("=")));
    if (!space.some((parameter) => parameter.address === address)) continue;
    throw new UsageError(
      `--set ${address}: the search ${name} varies it`,
      `take it out of [search.${name}.space]`,
    );
  }
}
