/**
 * Runs instances as jobs of a scheduler, and cheap steps in this process.
 *
 * Whether an instance is done, its record in the store alone decides. What the scheduler says of a job
 * decides one thing: whether to submit it again.
 */
import { DataError } from "../../errors.ts";
import type { Instance } from "../../workflow/graph.ts";
import { type Digest, isQuick } from "../../workflow/step.ts";
import { isPending } from "../plan/planned_instance.ts";
import type { Plan } from "../plan/plan.ts";
import { producersOf } from "../plan/select.ts";
import { fetchOutputs } from "../store/fetch_outputs.ts";
import type { Store } from "../store/store.ts";
import type { Executor, Job } from "../task/executors/executor.ts";
import type { TaskResult } from "../task/task.ts";
import { type JobEnd, JobFollower } from "./job_follower.ts";
import type { JobRequest } from "./job_scheduler.ts";
import { doubled } from "./requests.ts";
import { type SubmittedJob, Submitter, type SubmitterOptions } from "./submitter.ts";

export interface ClusterOptions extends SubmitterOptions {
  /** Called when a job met another device than the plan is for. */
  onOtherDevice?(): void;
  /** Between two looks at the records; milliseconds. */
  recordsMs?: number;
  /** Between two questions to the scheduler; milliseconds. */
  queueMs?: number;
  /** See {@link VISIBILITY_LIMIT_MS}. */
  visibilityMs?: number;
}

/** So often a job is submitted again that ended without a result and without a reason. */
const MAX_LOST = 2;
/** Requests that come together are submitted together; milliseconds. */
const GATHER_MS = 200;

/** What became of the jobs of an instance so far. */
interface History {
  request: JobRequest;
  first: JobRequest;
  lost: number;
  job?: SubmittedJob;
  /** Newest checkpoint when the job was first waited for. */
  position: number;
}

export class ClusterExecutor implements Executor {
  readonly #submitter: Submitter;
  readonly #follower: JobFollower;
  readonly #histories = new Map<string, History>();
  #chains: Promise<void> | undefined;
  #gathered: Map<string, PromiseWithResolvers<SubmittedJob>> | undefined;
  #goesOn = false;

  /** @param local runs the cheap steps */
  constructor(
    readonly store: Store,
    readonly plan: Plan,
    run: string,
    readonly local: Executor,
    readonly options: ClusterOptions,
  ) {
    for (const { instance, state } of plan.instances) {
      if (state !== "unwanted") checkInstance(instance, isPendingElsewhere(plan, instance));
    }
    this.#submitter = new Submitter(store, plan, run, options);
    this.#follower = new JobFollower(store, options, (id) => this.#submitter.folderOf(id));
  }

  isElsewhere(instance: Instance): boolean {
    return !isQuick(instance);
  }

  get goesOn(): boolean {
    return this.#goesOn;
  }

  async run(job: Job): Promise<TaskResult> {
    if (!this.isElsewhere(job.instance)) return await this.local.run(job);
    const { name } = job.instance;
    if (this.options.scheduler.chains) await (this.#chains ??= this.#submitChains());
    const history = this.#historyOf(name);
    for (;;) {
      history.job ??= await this.#submitOne(name);
      job.signal.throwIfAborted();
      history.position = this.#reached(job.task.chain);
      const end = await this.#follower.follow(job, history.job, this.#submitter.started);
      const { job: ended } = history;
      delete history.job;
      if (end.kind === "done") return end.result;
      if (end.kind === "failed") throw end.error;
      history.request = this.#requestAfter(end, history, job, ended);
    }
  }

  /** Submits everything that is to run, so that nothing waits for this process. */
  async #submitChains(): Promise<void> {
    const requests = new Map<string, JobRequest>();
    const read = new Set<string>();
    for (const planned of this.plan.instances) {
      const { instance } = planned;
      if (!isPending(planned)) continue;
      for (const name of producersOf(instance)) read.add(name);
      if (!this.isElsewhere(instance)) continue;
      requests.set(instance.name, this.#historyOf(instance.name).request);
    }
    // Jobs ask no server: what they will read is brought before.
    for (const name of this.store.shared ? read : []) {
      await fetchOutputs(this.store, Object.values(this.plan.byName.get(name)?.outputs ?? {}));
    }
    const jobs = await this.#submitter.submit(requests);
    for (const [name, job] of jobs) {
      // A refusal is reported when the instance has its turn and is refused again.
      if (!(job instanceof DataError)) this.#place(name, job);
    }
  }

  #historyOf(name: string): History {
    return this.#histories.getOrInsertComputed(name, () => {
      const first = this.#submitter.firstRequest(name);
      return { request: first, first, lost: 0, position: 0 };
    });
  }

  #place(name: string, job: SubmittedJob): void {
    const history = this.#historyOf(name);
    history.job = job;
    history.request = job.request;
    this.#goesOn = true;
  }

  /** Newest checkpoint of a training; 0 without one. */
  #reached(chain: Digest | undefined): number {
    return chain === undefined ? 0 : this.store.chains.read(chain)[0]?.position ?? 0;
  }

  async #submitOne(name: string): Promise<SubmittedJob> {
    const gathered = this.#gathered ??= this.#gather();
    const waiting = Promise.withResolvers<SubmittedJob>();
    gathered.set(name, waiting);
    const job = await waiting.promise;
    this.#place(name, job);
    return job;
  }

  #gather(): Map<string, PromiseWithResolvers<SubmittedJob>> {
    const gathered = new Map<string, PromiseWithResolvers<SubmittedJob>>();
    setTimeout(async () => {
      this.#gathered = undefined;
      const requests = new Map(
        [...gathered.keys()].map((name) => [name, this.#historyOf(name).request]),
      );
      try {
        for (const [name, job] of await this.#submitter.submit(requests)) {
          const waiting = gathered.get(name)!;
          job instanceof DataError ? waiting.reject(job) : waiting.resolve(job);
        }
      } catch (error) {
        for (const { reject } of gathered.values()) reject(error);
      }
    }, GATHER_MS);
    return gathered;
  }

  /** What a job asks for that takes the place of one without a result. @throws {DataError} to give up */
  #requestAfter(
    { cause, text }: JobEnd & { kind: "ended" },
    history: History,
    job: Job,
    { place, submission }: SubmittedJob = history.job!,
  ): JobRequest {
    const { request, first } = history;
    const name = job.instance.name;
    const subject = `job ${place.job}_${place.index}`;
    const files = this.#submitter.folderOf(submission);
    const again = (message: string) => {
      job.listener.log("warning", `${subject} ${message}`);
    };
    const reached = this.#reached(job.task.chain);
    if (cause === "out-of-time" && reached > history.position) {
      again(`reached its time limit; the next one continues at ${reached}`);
      return request;
    }
    if (cause === "out-of-memory" || cause === "out-of-time") {
      const what = cause === "out-of-memory" ? "memory" : "time";
      const next = doubled(what, request, first, this.options.profile);
      if (!next) {
        throw new DataError(
          subject,
          `of ${name} ran out of ${what} (${text}), and more is not allowed: raise ${what} or ` +
            `max_${what} of [profile.${this.options.profile.profile}], or resources.${what} of the step`,
        );
      }
      again(`ran out of ${what}; the next one gets twice as much`);
      return next;
    }
    if (cause === "dependency") {
      again("was not run, since one that it waited for had failed; it is submitted again");
    } else if (cause === "cancelled" || this.#submitter.isCancelled(submission)) {
      throw new DataError(
        subject,
        `of ${name} was cancelled (${text}); the same command continues`,
      );
    }
    // One that saved checkpoints was of use, as up to a time limit that its scheduler does not announce.
    if (reached > history.position) history.lost = 0;
    if (++history.lost > MAX_LOST) {
      throw new DataError(
        subject,
        `of ${name} ended without a result for the ${history.lost}. time (${text}); what it printed is ` +
          `in ${files}. Does its machine see ${this.store.root}?`,
      );
    }
    if (cause !== "dependency") again(`ended without a result (${text}); it is submitted again`);
    return request;
  }

  close(): void {
    this.#follower.close();
    this.local.close();
  }
}

function isPendingElsewhere(plan: Plan, instance: Instance): boolean {
  return isPending(plan.byName.get(instance.name)!) && !isQuick(instance);
}

/** @throws {DataError} on what no job can do */
function checkInstance({ name, execution }: Instance, isJob: boolean): void {
  if (!isJob) return;
  if (execution.resources.gpu > 1) {
    throw new DataError(
      name,
      `asks for ${execution.resources.gpu} GPUs, and one process computes on one; write resources.gpu = 1`,
    );
  }
}
