/**
 * PBS, LSF, SGE and others, by three commands of the profile. Their arrays and dependencies differ too
 * much: each instance is a job of its own, and is submitted when its inputs exist.
 */
import { DataError } from "../../errors.ts";
import type { CommandExecutor } from "../../workflow/graph.ts";
import { fillTemplate } from "../../workflow/parse/job_template.ts";
import {
  type JobArray,
  type JobScheduler,
  placeKey,
  type QueueState,
  type SubmittedArray,
} from "./job_scheduler.ts";
import { type RunProgram, runProgram } from "./programs.ts";

/** Memory and time that a command with a placeholder for it gets where nothing asks for more. */
const USUAL_MEMORY = 4 * 2 ** 30;
const USUAL_TIME = 4 * 3600;

/** Code of PBS programs where there is no such job: PBSE_UNKJOBID, 15001, of which a byte is left. */
const UNKNOWN_JOB = 153;

export class CommandScheduler implements JobScheduler {
  readonly chains = false;

  constructor(readonly profile: CommandExecutor, readonly run: RunProgram = runProgram) {}

  arraySize(): Promise<number> {
    return Promise.resolve(1);
  }

  async submit({ name, request, script, folder }: JobArray): Promise<string> {
    const minutes = Math.ceil((request.time ?? USUAL_TIME) / 60);
    const words = fillTemplate(this.profile.submit, {
      name,
      script,
      output: `${folder}/${name}.out`,
      cpu: request.cpu,
      gpu: request.gpu,
      memory_mb: Math.ceil((request.memory ?? USUAL_MEMORY) / 2 ** 20),
      minutes,
      hours_minutes: `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`,
    });
    const { code, out, err } = await this.run(words);
    const [id] = /\d+(\[\])?(\.[\w.-]+)?/.exec(out) ?? [];
    if (code !== 0 || id === undefined) {
      throw new DataError(words[0], `refused ${name}: ${err || out.trim() || `code ${code}`}`);
    }
    return id;
  }

  async states(submitted: readonly SubmittedArray[]): Promise<QueueState> {
    const jobs = submitted.flatMap(({ job }) => job ?? []);
    if (jobs.length === 0) return { states: new Map(), ids: new Map() };
    const { out, err, code } = await this.run(this.profile.status);
    // Some end with a code when no job is left, and print nothing.
    const isEmpty = code === UNKNOWN_JOB || /no |unknown|not found/i.test(err);
    if (code !== 0 && out.trim() === "" && !isEmpty) {
      throw new DataError(this.profile.status[0], err || `ended with code ${code}`);
    }
    // Later words of a line may be numbers too, as of processors.
    const printed = new Set(out.split("\n").map((line) => numberOf(line.trim().split(/\s/)[0])));
    const alive = jobs.filter((job) => printed.has(numberOf(job)));
    return {
      states: new Map(alive.map((job) => [placeKey({ job, index: 0 }), { state: "queued" }])),
      ids: new Map(),
    };
  }

  async cancel(jobs: readonly string[]): Promise<void> {
    for (const id of jobs) await this.run(fillTemplate(this.profile.cancel, { id }));
  }
}

/** `1234` of the word `1234.server` or `1234[]`; undefined for other words. */
function numberOf(word: string): string | undefined {
  return /^(\d+)([.[].*)?$/.exec(word)?.[1];
}
