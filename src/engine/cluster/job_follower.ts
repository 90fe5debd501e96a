/** Waits for the results of jobs: looks for their records, reads what they report, asks for their states. */
import { DataError, StepError } from "../../errors.ts";
import type { Digest } from "../../workflow/step.ts";
import { allPresent } from "../run/commit.ts";
import type { InstanceRecord } from "../store/record.ts";
import type { Store } from "../store/store.ts";
import type { Job } from "../task/executors/executor.ts";
import type { TaskResult } from "../task/task.ts";
import { JobEventReader, jobEventsPath } from "./job_events.ts";
import {
  type EndCause,
  type JobScheduler,
  type JobState,
  placeKey,
  type QueueState,
} from "./job_scheduler.ts";
import type { SubmittedJob } from "./submitter.ts";
import { VISIBILITY_LIMIT_MS } from "./visibility.ts";

export type JobEnd =
  | { kind: "done"; result: TaskResult }
  /** The step failed: to run it again would fail again. */
  | { kind: "failed"; error: Error }
  /** The job is over, and there is no result. */
  | { kind: "ended"; cause: EndCause; text: string };

export interface FollowerOptions {
  scheduler: JobScheduler;
  report(message: string): void;
  /** Called when a job met another device than the plan is for. */
  onOtherDevice?(): void;
  recordsMs?: number;
  queueMs?: number;
  visibilityMs?: number;
}

const RECORDS_MS = 1_000;
/** Sites ask for no more: every question costs their controller. */
const QUEUE_MS = 15_000;
/** Records that are looked at in a second, so that many jobs don't load a network disk. */
const LOOKS_A_SECOND = 100;
/** What a job wrote last may be seen this much later than the scheduler's news of its end. */
const LAST_WORDS_MS = 3_000;

/** What schedulers send near a time limit: SLURM the first, Grid Engine the second. */
const TIME_SIGNALS: readonly string[] = ["SIGUSR1", "SIGUSR2"];

interface Followed {
  job: Job;
  submitted: SubmittedJob;
  madeSince: string;
  events: JobEventReader;
  /** When its end was first known, and how long its record is still waited for. */
  ending?: { since: number; limit: number; end: JobEnd };
  /** It has reported that it runs, which some schedulers don't. */
  started: boolean;
  message: string;
  settle: PromiseWithResolvers<JobEnd>;
}

export class JobFollower {
  readonly #followed = new Set<Followed>();
  #records: ReturnType<typeof setTimeout> | undefined;
  #queue: ReturnType<typeof setTimeout> | undefined;
  #silent = false;

  constructor(
    readonly store: Store,
    readonly options: FollowerOptions,
    readonly folderOf: (submission: string) => string,
  ) {}

  /**
   * Returns when the instance has a record, or its job has ended without one.
   *
   * @param started when the run began, for instances that are made again
   */
  async follow(job: Job, submitted: SubmittedJob, started: string): Promise<JobEnd> {
    const path = jobEventsPath(this.folderOf(submitted.submission), submitted.position);
    const followed: Followed = {
      job,
      submitted,
      madeSince: job.task.madeSince === undefined ? "" : started,
      events: new JobEventReader(this.store.files, path),
      started: false,
      message: "",
      settle: Promise.withResolvers(),
    };
    const abort = () => followed.settle.reject(job.signal.reason);
    this.#followed.add(followed);
    job.signal.addEventListener("abort", abort);
    try {
      this.#look(followed);
      this.#schedule();
      return await followed.settle.promise;
    } finally {
      job.signal.removeEventListener("abort", abort);
      this.#followed.delete(followed);
      if (this.#followed.size === 0) this.close();
    }
  }

  close(): void {
    clearTimeout(this.#records);
    clearTimeout(this.#queue);
    this.#records = this.#queue = undefined;
  }

  #schedule(): void {
    const { recordsMs = RECORDS_MS, queueMs = QUEUE_MS } = this.options;
    const pause = Math.max(recordsMs, this.#followed.size / LOOKS_A_SECOND * 1000);
    this.#records ??= setTimeout(() => {
      this.#records = undefined;
      for (const followed of [...this.#followed]) this.#look(followed);
      if (this.#followed.size > 0) this.#schedule();
    }, pause);
    this.#queue ??= setTimeout(async () => {
      await this.#askQueue();
      this.#queue = undefined;
      if (this.#followed.size > 0) this.#schedule();
    }, queueMs);
  }

  #look(followed: Followed): void {
    try {
      this.#readEvents(followed);
      const record = this.#recordOf(followed.job.key, followed.madeSince);
      if (record) followed.settle.resolve({ kind: "done", result: resultOf(record) });
      else if (followed.ending) {
        const { since, limit, end } = followed.ending;
        if (performance.now() - since >= limit) followed.settle.resolve(end);
      }
    } catch (error) {
      followed.settle.reject(error);
    }
  }

  #recordOf(key: Digest, madeSince: string): InstanceRecord | undefined {
    const record = this.store.record(key);
    const isUsable = record && record.created >= madeSince &&
      allPresent(this.store, record.outputs);
    return isUsable ? record : undefined;
  }

  #readEvents(followed: Followed): void {
    const { job: { listener }, submitted: { place } } = followed;
    const { visibilityMs = VISIBILITY_LIMIT_MS } = this.options;
    for (const { time: _, ...event } of followed.events.next()) {
      switch (event.type) {
        case "started":
          followed.started = true;
          this.#show(followed, `running as job ${event.job} on ${event.host}`);
          break;
        case "log":
          listener.log(event.level, event.message);
          break;
        case "progress": {
          const { type: _, ...progress } = event;
          listener.progress(progress);
          break;
        }
        case "done": {
          const seconds = Math.round(visibilityMs / 1000);
          const problem =
            `of ${followed.job.instance.name} has published its result, which can't be ` +
            `seen in ${this.store.root} after ${seconds} s; does its machine write to the same folder?`;
          const error = new DataError(`job ${place.job}_${place.index}`, problem);
          followed.ending = {
            since: performance.now(),
            limit: visibilityMs,
            end: { kind: "failed", error },
          };
          break;
        }
        case "failed": {
          const error = failureOf(followed.job.instance.name, event);
          followed.ending = { since: 0, limit: 0, end: { kind: "failed", error } };
          break;
        }
        case "other-device":
          this.options.onOtherDevice?.();
          break;
        case "stopped":
          if (TIME_SIGNALS.includes(event.signal)) {
            const end: JobEnd = {
              kind: "ended",
              cause: "out-of-time",
              text: "its time limit was near",
            };
            followed.ending = { since: 0, limit: 0, end };
          }
          break;
      }
    }
  }

  #show(followed: Followed, message: string): void {
    if (followed.message === message) return;
    followed.message = message;
    followed.job.listener.progress({ message });
    // Without a change of the cluster or the profile such a job may wait for ever.
    if (message.endsWith(")")) this.options.report(`${followed.job.instance.name}: ${message}`);
  }

  async #askQueue(): Promise<void> {
    const arrays = new Map([...this.#followed].map(({ submitted }) => [
      submitted.array,
      { name: submitted.array, job: submitted.place.job },
    ]));
    const asked = [...this.#followed];
    let queue: QueueState;
    try {
      queue = await this.options.scheduler.states([...arrays.values()]);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      // Jobs go on without their controller, and their records are looked for all the same.
      if (!this.#silent) this.options.report(`${error.message}; results are still waited for`);
      this.#silent = true;
      return;
    }
    if (this.#silent) this.options.report("the scheduler answers again");
    this.#silent = false;
    for (const followed of asked) {
      this.#learn(followed, queue.states.get(placeKey(followed.submitted.place)));
    }
  }

  #learn(followed: Followed, found: JobState | undefined): void {
    const { place } = followed.submitted;
    const state: JobState = found ?? { state: "gone" };
    if (state.state === "queued" && !followed.started) {
      const reason = state.reason === undefined ? "" : ` (${state.reason})`;
      this.#show(followed, `queued as job ${place.job}_${place.index}${reason}`);
    }
    if (state.state === "queued" || state.state === "running") return;
    if (followed.ending) return;
    const { visibilityMs = VISIBILITY_LIMIT_MS } = this.options;
    const end: JobEnd = state.state === "gone"
      ? { kind: "ended", cause: "lost", text: "the scheduler no longer knows it" }
      : { kind: "ended", cause: state.cause, text: state.text };
    // One that may have ended well has a record that may come late.
    const mayBeDone = state.state === "gone" || state.cause === "completed";
    const limit = mayBeDone ? visibilityMs : Math.min(visibilityMs, LAST_WORDS_MS);
    followed.ending = { since: performance.now(), limit, end };
  }
}

/** A bug keeps its stack. */
function failureOf(
  instance: string,
  { message, stack }: { message: string; stack?: string },
): Error {
  if (stack === undefined) return new StepError(instance, message);
  const bug = new Error(message);
  bug.stack = stack;
  return bug;
}

function resultOf({ outputs, seconds, bytes, resumedFrom }: InstanceRecord): TaskResult {
  return {
    outputs,
    ...(resumedFrom !== undefined && { resumedFrom }),
    published: { seconds, bytes },
  };
}
