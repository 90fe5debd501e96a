/**
 * What was submitted, so that a later run follows the jobs of an earlier one:
 *
 *     jobs/<submission>/plan.json          the frozen plan, never changed
 *     jobs/<submission>/submission.json    arrays and their instances
 *     jobs/<submission>/script.sh          what a job runs
 *     jobs/<submission>/<position>.jsonl   what the job of an instance reports
 *     runs/<id>/submissions                ids of the submissions that a run follows
 *
 * A submission names its arrays before it calls the scheduler: where the answer is lost, the arrays are
 * found by their names. Ids alone prove nothing, since a scheduler may use them again.
 */
import { isJsonObject, OWN_LIMITS, parseJsonBytes } from "../../json.ts";
import { DataError } from "../../errors.ts";
import type { Digest } from "../../workflow/step.ts";
import { isDigest } from "../store/digest.ts";
import type { Store } from "../store/store.ts";
import type { JobRequest } from "./job_scheduler.ts";

export interface SubmittedTask {
  /** In the array. */
  index: number;
  /** In the frozen plan. */
  position: number;
  instance: string;
  lineage: Digest;
}

export interface SubmissionArray {
  name: string;
  /** Absent until the scheduler has answered. */
  job?: string;
  request: JobRequest;
  tasks: readonly SubmittedTask[];
}

export interface Submission {
  version: 1;
  id: string;
  run: string;
  profile: string;
  executor: "slurm" | "command";
  /** Machine that submitted it. */
  host: string;
  /** ISO 8601, UTC. */
  submitted: string;
  arrays: readonly SubmissionArray[];
  /** No job of it is left; it is not asked for again. */
  ended?: true;
  /** A person has ended its jobs: none of them is submitted again. */
  cancelled?: true;
}

/** Folders of submissions that ended are removed after this; milliseconds. */
const KEPT_MS = 7 * 86_400_000;

export class Submissions {
  readonly #root: string;

  constructor(readonly store: Store) {
    this.#root = `${store.root}/jobs`;
  }

  /** Held while jobs are looked for and submitted. */
  get lockPath(): string {
    return `${this.#root}/lock`;
  }

  folderOf(id: string): string {
    return `${this.#root}/${id}`;
  }

  make(id: string): string {
    const folder = this.folderOf(id);
    this.store.files.makeFolder(folder);
    return folder;
  }

  makeRoot(): void {
    this.store.files.makeFolder(this.#root);
  }

  read(id: string): Submission | undefined {
    const path = `${this.folderOf(id)}/submission.json`;
    const bytes = this.store.files.readSync(path);
    if (!bytes) return undefined;
    try {
      const value = parseJsonBytes(bytes, path, OWN_LIMITS);
      return isSubmission(value) && value.id === id ? value : undefined;
    } catch (error) {
      // A file that is torn names nothing.
      if (error instanceof DataError) return undefined;
      throw error;
    }
  }

  /** Those with jobs that may still run, oldest first; what ended long ago is removed. */
  open(now = Date.now()): Submission[] {
    const open: Submission[] = [];
    for (const id of this.store.files.list(this.#root).sort()) {
      const submission = this.read(id);
      if (!submission) continue;
      if (!submission.ended) open.push(submission);
      else if (now - Date.parse(submission.submitted) > KEPT_MS) {
        this.store.files.removeTree(this.folderOf(id));
      }
    }
    return open;
  }

  async write(submission: Submission): Promise<void> {
    const path = `${this.folderOf(submission.id)}/submission.json`;
    await this.store.replaceFile(path, JSON.stringify(submission), true);
  }

  async end(submission: Submission): Promise<void> {
    await this.write({ ...submission, ended: true });
  }

  /** Ids of the submissions that a run has made or follows. */
  ofRun(run: string): string[] {
    const bytes = this.store.files.readSync(this.#listOf(run));
    const lines = bytes ? new TextDecoder().decode(bytes).split("\n") : [];
    return [...new Set(lines.filter((line) => line !== ""))];
  }

  addToRun(run: string, ids: Iterable<string>): void {
    const known = this.ofRun(run);
    const fresh = [...ids].filter((id) => !known.includes(id));
    if (fresh.length === 0) return;
    this.store.files.makeFolder(`${this.store.root}/runs/${run}`);
    this.store.files.append(this.#listOf(run), fresh.map((id) => `${id}\n`).join(""));
  }

  #listOf(run: string): string {
    return `${this.store.root}/runs/${run}/submissions`;
  }
}

function isSubmission(value: unknown): value is Submission {
  return isJsonObject(value) && value.version === 1 &&
    [value.id, value.run, value.profile, value.host, value.submitted].every(isText) &&
    (value.executor === "slurm" || value.executor === "command") &&
    Array.isArray(value.arrays) && value.arrays.every(isArray);
}

function isArray(value: unknown): value is SubmissionArray {
  return isJsonObject(value) && isText(value.name) &&
    (value.job === undefined || isText(value.job)) && isJsonObject(value.request) &&
    Array.isArray(value.tasks) &&
    value.tasks.every((task) =>
      isJsonObject(task) && Number.isSafeInteger(task.index) &&
      Number.isSafeInteger(task.position) && isText(task.instance) && isDigest(task.lineage)
    );
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
