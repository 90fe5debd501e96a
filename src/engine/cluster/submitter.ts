/** Submits instances of a plan as jobs, and finds those that another run has submitted already. */
import { FileLock } from "../../disk/lock.ts";
import { DataError } from "../../errors.ts";
import type { ClusterExecutor as ClusterProfile } from "../../workflow/graph.ts";
import { isPending } from "../plan/planned_instance.ts";
import type { Plan } from "../plan/plan.ts";
import type { Store } from "../store/store.ts";
import { type Candidate, jobsBefore, nameDependencies, planArrays } from "./arrays.ts";
import { freeze, type Frozen } from "./freeze.ts";
import type { JobPlace, JobRequest, JobScheduler, JobState } from "./job_scheduler.ts";
import { placeKey } from "./job_scheduler.ts";
import { jobScript } from "./job_script.ts";
import { firstRequest } from "./requests.ts";
import { type Submission, type SubmissionArray, Submissions } from "./submissions.ts";

/** Where the job of an instance is, and what it reports. */
export interface SubmittedJob {
  submission: string;
  /** Name of the array. */
  array: string;
  place: JobPlace;
  position: number;
  request: JobRequest;
  /** By another run. */
  adopted: boolean;
}

export interface SubmitterOptions {
  profile: ClusterProfile;
  scheduler: JobScheduler;
  /** See {@link ScriptOptions}. */
  program: string;
  vectorWidth?: () => Promise<number | undefined>;
  /** Prints a line. */
  report(message: string): void;
}

/** Another process of this machine submits meanwhile; on others its jobs are found by their names. */
const LOCK_WAIT_MS = 60_000;
const LOCK_RETRY_MS = 100;

export class Submitter {
  readonly #submissions: Submissions;
  readonly #positions: ReadonlyMap<string, number>;
  readonly #orders: ReadonlyMap<string, number>;
  #frozen: Promise<Frozen> | undefined;

  constructor(
    readonly store: Store,
    readonly plan: Plan,
    readonly run: string,
    readonly options: SubmitterOptions,
  ) {
    this.#submissions = new Submissions(store);
    const selected = plan.instances.filter(({ state }) => state !== "unwanted");
    this.#positions = new Map(selected.map(({ instance }, index) => [instance.name, index]));
    const counts = new Map<string, number>();
    this.#orders = new Map(selected.map(({ instance: { name, step } }) => {
      const order = counts.get(step) ?? 0;
      counts.set(step, order + 1);
      return [name, order];
    }));
  }

  get started(): string {
    return this.#started;
  }
  readonly #started = new Date().toISOString();

  folderOf(submission: string): string {
    return this.#submissions.folderOf(submission);
  }

  isCancelled(submission: string): boolean {
    return this.#submissions.read(submission)?.cancelled === true;
  }

  /** What an instance asks for at first. */
  firstRequest(name: string): JobRequest {
    const { instance, estimate } = this.plan.byName.get(name)!;
    return firstRequest(instance, estimate, this.options.profile);
  }

  /**
   * Finds the jobs of instances, or submits them.
   *
   * @param requests by instance
   * @returns the job of each; an error for those that the scheduler refused
   * @throws {DataError} when the scheduler does not answer
   */
  async submit(
    requests: ReadonlyMap<string, JobRequest>,
  ): Promise<Map<string, SubmittedJob | DataError>> {
    this.#submissions.makeRoot();
    using _lock = await takeLock(this.#submissions.lockPath);
    const { lineages } = await this.#freeze();
    const alive = await this.#findJobs();
    const found = new Map<string, SubmittedJob | DataError>();
    for (const name of requests.keys()) {
      const job = alive.get(lineages.get(name)!);
      if (job) found.set(name, job);
    }
    const adopted = new Set(
      [...found.values()].flatMap((job) => job instanceof DataError ? [] : job.submission),
    );
    if (adopted.size > 0) this.options.report(`following ${found.size} jobs of earlier runs`);
    this.#submissions.addToRun(this.run, adopted);
    const rest = [...requests].filter(([name]) => !found.has(name));
    if (rest.length > 0) await this.#submitNew(new Map(rest), alive, found);
    return found;
  }

  #freeze(): Promise<Frozen> {
    return this.#frozen ??= freeze(this.store, this.plan, this.#started);
  }

  /** Jobs of open submissions that are not over, by lineage. */
  async #findJobs(): Promise<Map<string, SubmittedJob>> {
    const alive = new Map<string, SubmittedJob>();
    const open = this.#submissions.open();
    const { states, ids } = await this.options.scheduler.states(
      open.flatMap(({ arrays }) => arrays),
    );
    for (const submission of open) {
      let left = 0;
      for (const array of submission.arrays) {
        const job = array.job ?? ids.get(array.name);
        if (job === undefined) continue;
        for (const { index, position, lineage } of array.tasks) {
          const place = { job, index };
          if (!isAlive(states.get(placeKey(place)))) continue;
          left++;
          alive.set(lineage, {
            submission: submission.id,
            array: array.name,
            place,
            position,
            request: array.request,
            adopted: true,
          });
        }
      }
      if (left === 0) await this.#submissions.end(submission);
    }
    return alive;
  }

  async #submitNew(
    requests: ReadonlyMap<string, JobRequest>,
    alive: ReadonlyMap<string, SubmittedJob>,
    found: Map<string, SubmittedJob | DataError>,
  ): Promise<void> {
    const { scheduler, profile, report } = this.options;
    const { plan, lineages } = await this.#freeze();
    const size = await scheduler.arraySize();
    const planned = planArrays(this.#candidates(requests), (name) => {
      return alive.get(lineages.get(name)!)?.place;
    }, size);
    const id = `${this.run}-${crypto.randomUUID().slice(0, 4)}`;
    const folder = this.#submissions.make(id);
    const planPath = `${folder}/plan.json`;
    await this.store.replaceFile(planPath, JSON.stringify(plan), true);
    const arrays: SubmissionArray[] = planned.map(({ request, tasks }, number) => ({
      name: `gyrus-${id}-${number}`,
      request,
      tasks: tasks.map(({ candidate: { instance, position }, index }) => ({
        index,
        position,
        instance: instance.name,
        lineage: lineages.get(instance.name)!,
      })),
    }));
    const submission: Submission = {
      version: 1,
      id,
      run: this.run,
      profile: profile.profile,
      executor: profile.kind,
      host: Deno.hostname(),
      submitted: new Date().toISOString(),
      arrays,
    };
    await this.#submissions.write(submission);
    this.#submissions.addToRun(this.run, [id]);
    const jobs: (string | undefined)[] = [];
    const isArray = scheduler.chains;
    let refusal: DataError | undefined;
    for (const [number, { after, request }] of planned.entries()) {
      const array = arrays[number];
      const { tasks } = array;
      const script = await this.#writeScript(folder, planPath, tasks[0].position);
      const list = `${folder}/${number}.list`;
      if (isArray) await this.store.replaceFile(list, listText(tasks), true);
      try {
        // After a refusal, what waits for that array can't be submitted either.
        if (refusal) throw refusal;
        array.job = jobs[number] = await scheduler.submit({
          name: array.name,
          request,
          indices: [...new Set(tasks.map(({ index }) => index))],
          ...(isArray && { list }),
          after: nameDependencies(after, jobs),
          script,
          folder,
        });
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
        refusal = error;
      }
      for (const { instance, position, index } of tasks) {
        found.set(
          instance,
          refusal ?? {
            submission: id,
            array: array.name,
            place: { job: array.job!, index },
            position,
            request,
            adopted: false,
          },
        );
      }
    }
    await this.#submissions.write(submission);
    const counts = jobs.filter((job) => job !== undefined).length;
    if (counts > 0) report(submittedText(arrays));
  }

  #candidates(requests: ReadonlyMap<string, JobRequest>): Candidate[] {
    return this.plan.instances.flatMap((planned) => {
      const { instance } = planned;
      const request = requests.get(instance.name);
      if (!request || !isPending(planned)) return [];
      const { seconds } = planned.estimate;
      return [{
        instance,
        request,
        position: this.#positions.get(instance.name)!,
        order: this.#orders.get(instance.name)!,
        ...(this.options.scheduler.chains && seconds !== undefined && { seconds }),
        after: this.options.scheduler.chains && requests.size > 1
          ? jobsBefore(instance, this.plan)
          : [],
      }];
    });
  }

  async #writeScript(folder: string, plan: string, position: number): Promise<string> {
    const { scheduler, program, vectorWidth } = this.options;
    const width = await vectorWidth?.();
    const text = jobScript({
      program,
      plan,
      ...(width !== undefined && { vectorWidth: width }),
      ...(!scheduler.chains && { position }),
    });
    const path = `${folder}/${scheduler.chains ? "script" : position}.sh`;
    await this.store.replaceFile(path, text, true);
    return path;
  }
}

function isAlive(state: JobState | undefined): boolean {
  return state?.state === "queued" || state?.state === "running";
}

/** Line number i has the positions of the tasks with index i. */
function listText(tasks: SubmissionArray["tasks"]): string {
  const lines: string[] = [];
  for (const { index, position } of tasks) {
    lines[index] = lines[index] === undefined ? `${position}` : `${lines[index]} ${position}`;
  }
  return `${Array.from(lines, (line) => line ?? "").join("\n")}\n`;
}

/** `submitted 9 jobs: 101 train (8), 102 maps (1)`; of 1,000 instances in 63 jobs, `... (63 for 1000)`. */
function submittedText(arrays: readonly SubmissionArray[]): string {
  let count = 0;
  const parts = arrays.flatMap(({ job, tasks }) => {
    if (job === undefined) return [];
    const { size } = new Set(tasks.map(({ index }) => index));
    count += size;
    const instances = size === tasks.length ? "" : ` for ${tasks.length}`;
    return `${job} ${tasks[0].instance.split("[")[0]} (${size}${instances})`;
  });
  const shown = parts.slice(0, 8).join(", ") + (parts.length > 8 ? ", ..." : "");
  return `submitted ${count} ${count === 1 ? "job" : "jobs"}: ${shown}`;
}

/** Two that submit at once would submit everything twice, which does no harm but costs. */
async function takeLock(path: string): Promise<FileLock> {
  const end = performance.now() + LOCK_WAIT_MS;
  for (;;) {
    const lock = FileLock.tryTake(path);
    if (lock) return lock;
    if (performance.now() > end) {
      throw new DataError(
        path,
        `another gyrus has submitted jobs for ${LOCK_WAIT_MS / 1000} s; run again`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, LOCK_RETRY_MS));
  }
}
