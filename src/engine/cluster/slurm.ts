/** SLURM, by its programs: sbatch, squeue, scancel and scontrol. Accounting (sacct) is not needed. */
import { DataError } from "../../errors.ts";
import type { SlurmExecutor } from "../../workflow/graph.ts";
import {
  type Dependency,
  type EndCause,
  type JobArray,
  type JobScheduler,
  type JobState,
  placeKey,
  type QueueState,
  type SubmittedArray,
} from "./job_scheduler.ts";
import { type RunProgram, runProgram } from "./programs.ts";

/** Of `MaxArraySize` where scontrol does not state it. */
const USUAL_ARRAY_SIZE = 1001;
/** Seconds before the time limit at which a job is asked to save its state, at most. */
const LONGEST_NOTICE = 120;
/** Ids or names that one call may be given. */
const WORDS_OF_A_CALL = 500;

/** Variables of the submitting shell that jobs get; nothing else of it reaches them. */
const ENVIRONMENT = [
  "HOME",
  "USER",
  "LANG",
  "PATH",
  "DENO_DIR",
  "LD_LIBRARY_PATH",
  "VK_DRIVER_FILES",
  "VK_ICD_FILENAMES",
  "XDG_DATA_DIRS",
];

export class SlurmScheduler implements JobScheduler {
  readonly chains = true;

  constructor(readonly profile: SlurmExecutor, readonly run: RunProgram = runProgram) {}

  async arraySize(): Promise<number> {
    const { out } = await this.run(["scontrol", "show", "config"]);
    const found = /^MaxArraySize\s*=\s*(\d+)/m.exec(out)?.[1];
    // The largest index is one less; 0 switches arrays off.
    return Math.max(1, Number(found ?? USUAL_ARRAY_SIZE));
  }

  async submit(array: JobArray): Promise<string> {
    const { code, out, err } = await this.run(submitWords(array, this.profile));
    const [, id] = /^(\d+)(;|$)/m.exec(out) ?? [];
    if (code === 0 && id !== undefined) return id;
    throw new DataError("sbatch", `refused ${array.name}: ${err || out.trim() || `code ${code}`}`);
  }

  async states(submitted: readonly SubmittedArray[]): Promise<QueueState> {
    const names = submitted.map(({ name }) => name);
    const states = new Map<string, JobState>();
    const ids = new Map<string, string>();
    if (names.length === 0) return { states, ids };
    const { code, out, err } = await this.run([
      "squeue",
      "--noheader",
      "--array",
      "--states=all",
      `--name=${names.join(",")}`,
      "--format=%F|%K|%T|%r|%j",
    ]);
    if (code !== 0) throw new DataError("squeue", err || `ended with code ${code}`);
    for (const line of out.split("\n")) {
      const [job, index, state, reason, name] = line.trim().split("|");
      if (name === undefined || !names.includes(name)) continue;
      states.set(placeKey({ job, index: Number(index) || 0 }), readState(state, reason));
      ids.set(name, job);
    }
    return { states, ids };
  }

  async cancel(jobs: readonly string[]): Promise<void> {
    for (let from = 0; from < jobs.length; from += WORDS_OF_A_CALL) {
      const some = jobs.slice(from, from + WORDS_OF_A_CALL);
      const { code, err } = await this.run(["scancel", ...some]);
      // Jobs that ended in the meantime are no failure.
      if (code !== 0 && !/invalid job id/i.test(err)) throw new DataError("scancel", err);
    }
  }
}

/** The call of sbatch that submits an array. */
export function submitWords(array: JobArray, profile: SlurmExecutor): string[] {
  const { request, indices, after, folder } = array;
  const limit = profile.array_limit === undefined ? "" : `%${profile.array_limit}`;
  const wanted = [
    ["partition", profile.partition],
    ["account", profile.account],
    ["gres", request.gpu > 0 ? profile.gres : undefined],
    ["mem", request.memory && `${Math.ceil(request.memory / 2 ** 20)}M`],
    ["time", request.time && Math.ceil(request.time / 60)],
  ] as const;
  return [
    "sbatch",
    "--parsable",
    `--job-name=${array.name}`,
    `--array=${rangesOf(indices)}${limit}`,
    `--cpus-per-task=${request.cpu}`,
    ...wanted.flatMap(([name, value]) => value === undefined ? [] : [`--${name}=${value}`]),
    ...profile.options,
    ...after.length > 0 ? [`--dependency=${after.map(dependencyWord).join(",")}`] : [],
    "--kill-on-invalid-dep=yes",
    "--no-requeue",
    `--signal=B:USR1@${noticeOf(request.time)}`,
    `--export=${ENVIRONMENT.join(",")}`,
    "--open-mode=append",
    `--output=${escapePattern(folder)}/%A_%a.out`,
    `--chdir=${folder}`,
    array.script,
    ...array.list === undefined ? [] : [array.list],
  ];
}

/** Seconds; SLURM's own clock may send the signal a minute earlier. */
function noticeOf(time: number | undefined): number {
  return time === undefined
    ? LONGEST_NOTICE
    : Math.max(10, Math.min(LONGEST_NOTICE, Math.floor(time / 4)));
}

/** In the name of an output file `%` begins a pattern. */
function escapePattern(path: string): string {
  return path.replaceAll("%", "%%");
}

/** `0-3,7` of sorted numbers. */
export function rangesOf(numbers: readonly number[]): string {
  const ranges: [first: number, last: number][] = [];
  for (const number of numbers) {
    const range = ranges.at(-1);
    if (range && range[1] === number - 1) range[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([first, last]) => first === last ? `${first}` : `${first}-${last}`).join(",");
}

function dependencyWord(dependency: Dependency): string {
  if (dependency.kind === "same-index") return `aftercorr:${dependency.job}`;
  const { job, indices } = dependency;
  return ["afterok", ...indices?.map((index) => `${job}_${index}`) ?? [job]].join(":");
}

function readState(state: string, reason: string): JobState {
  const cause = CAUSES[state];
  if (cause === undefined) {
    if (/^(RUNNING|COMPLETING|STOPPED|SUSPENDED)/.test(state)) return { state: "running" };
    const isUsual = /^(None|Priority|Resources|Dependency|JobArrayTaskLimit|BeginTime|)$/.test(
      reason,
    );
    return { state: "queued", ...(!isUsual && { reason }) };
  }
  const isInvalid = cause === "cancelled" && /^Dependency/.test(reason);
  const text = reason === "None" || reason === "" ? state : `${state}, ${reason}`;
  return { state: "ended", cause: isInvalid ? "dependency" : cause, text };
}

const CAUSES: Readonly<Record<string, EndCause>> = {
  COMPLETED: "completed",
  OUT_OF_MEMORY: "out-of-memory",
  TIMEOUT: "out-of-time",
  DEADLINE: "out-of-time",
  CANCELLED: "cancelled",
  FAILED: "lost",
  NODE_FAIL: "lost",
  BOOT_FAIL: "lost",
  PREEMPTED: "lost",
  REVOKED: "lost",
};
