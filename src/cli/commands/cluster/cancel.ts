import { Submissions } from "../../../engine/cluster/submissions.ts";
import { placeKey } from "../../../engine/cluster/job_scheduler.ts";
import { readProfile } from "../../../workflow/read.ts";
import { resolve } from "../../../workflow/paths.ts";
import { UsageError } from "../../arguments.ts";
import { schedulerOf } from "../../cluster/open_cluster.ts";
import type { Command } from "../../command.ts";
import { ExitCode } from "../../failure.ts";
import { commandLine } from "../../hint.ts";
import { CACHE_OPTIONS, FILE_ARGUMENT, openPastCache } from "../../open.ts";
import { countText } from "../../quantity.ts";
import { findRun } from "../../runs/past_runs.ts";

export default {
  file: FILE_ARGUMENT,
  arguments: [{ name: "RUN", help: "Id of a run or its first digits, or latest" }],
  options: CACHE_OPTIONS,
  details:
    `Ends the jobs that a run has submitted, and those of earlier runs that it follows. What they have
finished stays in the cache, and the same run command continues. FILE and --profile are needed where the
profile names its scheduler's commands.`,
  async run(args, { out }) {
    const store = await openPastCache(args, "write");
    const { id } = findRun(store, args, args.positionals[0]);
    const submissions = new Submissions(store);
    const found = submissions.ofRun(id).flatMap((each) => submissions.read(each) ?? []);
    if (found.length === 0) {
      const seen = commandLine("runs", ...args.file === undefined ? [] : [args.file]);
      throw new UsageError(`run ${id} has submitted no jobs`, `${seen} lists runs`);
    }
    let cancelled = 0;
    for (const open of found) {
      if (open.ended) continue;
      const submission = { ...open, cancelled: true } as const;
      const scheduler = schedulerOf(await profileOf(submission.executor));
      const { states, ids } = await scheduler.states(submission.arrays);
      const jobs: string[] = [];
      for (const { name, job = ids.get(name), tasks } of submission.arrays) {
        if (job === undefined) continue;
        const left = tasks.filter(({ index }) => {
          const state = states.get(placeKey({ job, index }))?.state;
          return state === "queued" || state === "running";
        });
        cancelled += left.length;
        if (left.length > 0) jobs.push(job);
      }
      // Noted first: whoever follows the jobs must not take their end for a loss.
      await submissions.write(submission);
      await scheduler.cancel(jobs);
      await submissions.end(submission);
    }
    out.line(`cancelled ${countText(cancelled, "job")} of run ${id}`);
    return ExitCode.done;

    async function profileOf(executor: "slurm" | "command") {
      if (executor === "slurm") return { kind: executor, profile: "", options: [] } as const;
      const name = args.value("profile");
      const profile = args.file === undefined || name === undefined
        ? undefined
        : await readProfile(resolve(args.file), name);
      if (profile?.executor?.kind === "command") return profile.executor;
      throw new UsageError(
        "the jobs were submitted by commands of a profile",
        `write ${commandLine("cancel", "FILE", "RUN", "--profile", "NAME")}`,
      );
    }
  },
} satisfies Command;
