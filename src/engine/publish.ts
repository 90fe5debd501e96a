/**
 * `[publish]`: copies of outputs in the project folder.
 *
 * A file or tree is staged next to its destination and renamed. A ledger records what was written, so
 * that a file that Gyrus did not write, or that was edited since, is not overwritten. It records new
 * content before the rename, so that a kill at any instant leaves content that it knows.
 */
import { filesBelow } from "../disk/folders.ts";
import { DataError } from "../errors.ts";
import type { Publication, Workflow } from "../workflow/graph.ts";
import type { Artifact, Digest, PublishTarget } from "../workflow/step.ts";
import { openArtifact } from "./store/artifact.ts";
import { canonicalJson } from "./store/canonical.ts";
import { CHUNK, digestFile, digestOf, hexOf, startHash } from "./store/digest.ts";
import type { EventBody } from "./plan/events.ts";
import { takeFingerprint } from "./store/externals.ts";
import { boundRef, type OutputRefs } from "./plan/keying.ts";
import { type Lease, takeLease } from "./store/lease.ts";
import { checkArtifactPath } from "./store/manifest.ts";
import { ObjectError, type Store } from "./store/store.ts";
import { outputPorts } from "./task/task.ts";

export interface PublishOptions {
  force: boolean;
  onEvent: (event: EventBody) => void;
}

interface LedgerEntry {
  /** Artifact and version of the step kind that it was made from. */
  artifact?: Digest;
  version?: number;
  /** Of the file or tree as written. */
  content?: Digest;
  /** About to be written. */
  next?: Digest;
}

/** By path relative to the project. */
type Ledger = Record<string, LedgerEntry>;

const LOCK_WAIT = 60_000;
const LOCK_LOOK = 100;

/**
 * Publishes the outputs of instances that are done.
 * @returns one problem for each publication that was refused
 */
export async function publishOutputs(
  store: Store,
  workflow: Workflow,
  outputsOf: (instance: string) => OutputRefs | undefined,
  options: PublishOptions,
): Promise<Error[]> {
  const due = workflow.publications.filter(({ binding }) => outputsOf(binding.instance));
  if (due.length === 0) return [];
  const name = ledgerName(store, workflow.folder);
  const problems: Error[] = [];
  using _lock = store.writable ? await takeLock(store, name) : undefined;
  const ledger = readLedger(store, name);
  const kinds = new Map(workflow.instances.map((instance) => [instance.name, instance]));
  for (const publication of due) {
    const { instance: producer, output } = publication.binding;
    const { kind, params } = kinds.get(producer)!;
    try {
      const ref = boundRef(publication.binding, outputsOf(producer)!);
      const job = new PublicationJob(store, workflow, publication, ledger, name);
      const state = await job.publish(ref.digest, kind.version, options.force, (target) => {
        const artifact = openArtifact(store, ref);
        const custom = outputPorts(kind, params)[output]?.publish;
        return custom ? custom(artifact, target) : copyFiles(artifact, target, "");
      });
      options.onEvent({
        type: "published",
        path: publication.path,
        instance: producer,
        output,
        state,
      });
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      problems.push(error);
      options.onEvent({ type: "publish-failed", path: publication.path, message: error.message });
    }
  }
  await store.copies.flush();
  return problems;
}

/**
 * Publishes a file that no step made, such as the report of a run.
 *
 * @param path relative to the project folder
 * @throws {DataError} when there is a file that is not ours or was edited
 */
export async function publishFile(
  store: Store,
  workflow: Workflow,
  path: string,
  content: Uint8Array | string,
  force: boolean,
): Promise<"written" | "same"> {
  const name = ledgerName(store, workflow.folder);
  using _lock = store.writable ? await takeLock(store, name) : undefined;
  const job = new PublicationJob(store, workflow, { path }, readLedger(store, name), name);
  const file = path.slice(path.lastIndexOf("/") + 1);
  const state = await job.publish(
    digestOf(content),
    0,
    force,
    (target) => target.write(file, content),
  );
  await store.copies.flush();
  return state;
}

async function copyFiles(artifact: Artifact, target: PublishTarget, prefix: string): Promise<void> {
  for (const file of artifact.files) await target.copy(prefix + file.path, file);
  for (const [index, item] of (artifact.items ?? []).entries()) {
    await copyFiles(item, target, `${prefix}${index}/`);
  }
}

/** One line of `[publish]`. */
class PublicationJob {
  readonly path: string;
  readonly destination: string;
  /** Next to the destination, so that a rename is enough. */
  readonly staged: string;
  readonly previous: string;
  readonly single: boolean;

  constructor(
    readonly store: Store,
    readonly workflow: Workflow,
    publication: Pick<Publication, "path">,
    readonly ledger: Ledger,
    readonly ledgerFile: string,
  ) {
    this.path = publication.path.replace(/\/+$/, "");
    checkArtifactPath(this.path, "[publish]");
    this.destination = `${workflow.folder}/${this.path}`;
    const cut = this.destination.lastIndexOf("/") + 1;
    this.staged = `${this.destination.slice(0, cut)}.gyrus-new-${this.destination.slice(cut)}`;
    this.previous = `${this.destination.slice(0, cut)}.gyrus-old-${this.destination.slice(cut)}`;
    this.single = /[^.].*\./.test(this.destination.slice(cut));
  }

  async publish(
    artifact: Digest,
    version: number,
    force: boolean,
    write: (target: PublishTarget) => Promise<void>,
  ): Promise<"written" | "same"> {
    this.#recover();
    const entry = this.ledger[this.path] ?? {};
    const present = await contentOf(this.store, this.destination);
    if (
      present !== undefined && present === entry.content && entry.artifact === artifact &&
      entry.version === version
    ) return "same";
    this.#checkInside();
    try {
      const written = await this.#build(write);
      const content = this.#digestOf(written);
      const made = { artifact, version, content };
      if (present === content) {
        await this.#remember(made);
        return "same";
      }
      if (present !== undefined && !force && present !== entry.content && present !== entry.next) {
        throw new DataError(
          this.destination,
          entry.content === undefined
            ? "exists and was not written by Gyrus; move it away, or add --force-publish"
            : "was edited since Gyrus wrote it; move it away, or add --force-publish",
        );
      }
      await this.#remember({ ...entry, next: content });
      const seen = this.#fingerprintsOf(written);
      const known = Date.now();
      await this.#swap(present !== undefined);
      for (const { path, digest, fingerprint } of seen) {
        this.store.copies.learn(path, digest, fingerprint, known);
      }
      await this.#remember(made);
      return "written";
    } finally {
      remove(this.staged);
    }
  }

  /** After a kill between two renames, moves the earlier tree back. */
  #recover(): void {
    remove(this.staged);
    if (!exists(this.previous)) return;
    if (exists(this.destination)) remove(this.previous);
    else Deno.renameSync(this.previous, this.destination);
  }

  /** A symbolic link may not lead the publication out of the project. */
  #checkInside(): void {
    const parent = this.destination.slice(0, this.destination.lastIndexOf("/"));
    Deno.mkdirSync(parent, { recursive: true });
    const project = Deno.realPathSync(this.workflow.folder);
    const real = Deno.realPathSync(parent);
    if (real !== project && !real.startsWith(`${project}/`)) {
      throw new DataError(this.destination, `leads out of the project folder, to ${real}`);
    }
  }

  /** Writes the new content next to its destination; returns the digest of each file. */
  async #build(write: (target: PublishTarget) => Promise<void>): Promise<Map<string, Digest>> {
    const written = new Map<string, Digest>();
    const prepare = (path: string) => {
      checkArtifactPath(path, `[publish] ${this.path}`);
      if (this.single && written.size > 0) {
        throw new DataError(
          this.destination,
          "names one file, but the output has several; drop the extension",
        );
      }
      const to = this.single ? this.staged : `${this.staged}/${path}`;
      Deno.mkdirSync(to.slice(0, to.lastIndexOf("/")), { recursive: true });
      return to;
    };
    await write({
      write: async (path, content) => {
        const to = prepare(path);
        const parts = typeof content === "string" ? [new TextEncoder().encode(content)] : content;
        written.set(path, await writeHashed(to, parts instanceof Uint8Array ? [parts] : parts));
      },
      copy: async (path, blob) => {
        const to = prepare(path);
        await Deno.copyFile(this.#sourceOf(blob), to);
        await Deno.chmod(to, 0o644);
        await syncFile(to);
        const copied = await digestFile(to);
        if (copied.digest !== blob.digest) {
          throw new ObjectError(blob.digest, "corrupt", "is corrupt; run the workflow again");
        }
        written.set(path, copied.digest);
      },
    });
    if (this.single && written.size === 0) {
      throw new DataError(this.destination, "the output has no file");
    }
    if (!this.single) Deno.mkdirSync(this.staged, { recursive: true });
    return written;
  }

  #digestOf(written: ReadonlyMap<string, Digest>): Digest {
    return this.single
      ? [...written.values()][0]
      : treeDigest([...written].sort(([a], [b]) => a < b ? -1 : 1));
  }

  /** Fingerprints of the staged files, with their destinations. */
  #fingerprintsOf(written: ReadonlyMap<string, Digest>) {
    return [...written].map(([file, digest]) => {
      const within = this.single ? "" : `/${file}`;
      return {
        path: this.destination + within,
        digest,
        fingerprint: takeFingerprint(this.staged + within),
      };
    });
  }

  #sourceOf(blob: { digest: Digest; size: number }): string {
    const roots = [this.store.root, ...this.store.lower];
    const path = roots.map((root) => this.store.objectPath(blob.digest, root))
      .find((candidate) => this.store.files.size(candidate) === blob.size) ??
      this.store.externals.locate(blob);
    if (path !== undefined) return path;
    throw new ObjectError(blob.digest, "missing", "is missing from the cache; run again");
  }

  async #swap(present: boolean): Promise<void> {
    const folder = this.destination.slice(0, this.destination.lastIndexOf("/"));
    const replaceable = this.single && Deno.lstatSync(this.staged).isFile &&
      (!present || Deno.lstatSync(this.destination).isFile);
    if (present && !replaceable) Deno.renameSync(this.destination, this.previous);
    Deno.renameSync(this.staged, this.destination);
    await this.store.files.syncFolder(folder);
    remove(this.previous);
  }

  async #remember(entry: LedgerEntry): Promise<void> {
    this.ledger[this.path] = entry;
    if (this.store.writable) await writeLedger(this.store, this.ledgerFile, this.ledger);
  }
}

/** Digest of a file, or of a tree's files; undefined when absent. Unchanged files are not read. */
async function contentOf(store: Store, path: string): Promise<Digest | undefined> {
  let stat: Deno.FileInfo;
  try {
    stat = await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  if (!stat.isDirectory) return (await store.copies.digest(path)).digest;
  const entries: [string, Digest][] = [];
  for (const file of filesBelow(path, "", { followLinks: false }).sort()) {
    entries.push([file, (await store.copies.digest(`${path}/${file}`)).digest]);
  }
  return treeDigest(entries);
}

function treeDigest(entries: readonly (readonly [string, Digest])[]): Digest {
  return digestOf(`gyrus tree\n${canonicalJson(entries)}`);
}

/** Writes and syncs a file, hashing each piece while it is written. */
async function writeHashed(path: string, parts: readonly Uint8Array[]): Promise<Digest> {
  const hash = startHash();
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  for (const part of parts) {
    for (let at = 0; at < part.length;) {
      const chunk = part.subarray(at, at + CHUNK);
      const writing = file.write(chunk);
      hash.update(chunk);
      const count = await writing;
      for (let rest = count; rest < chunk.length;) rest += await file.write(chunk.subarray(rest));
      at += chunk.length;
    }
  }
  await file.sync();
  return hash.digest();
}

async function syncFile(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true });
  await file.sync();
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

function remove(path: string): void {
  if (exists(path)) Deno.removeSync(path, { recursive: true });
}

// ---- ledger ----

/** A store inside the project may move with it; a store elsewhere identifies it by its path. */
function ledgerName(store: Store, folder: string): string {
  const name = store.root.startsWith(`${folder}/`) ? store.root.slice(folder.length) : folder;
  return hexOf(digestOf(name)).slice(0, 16);
}

function ledgerPath(store: Store, name: string): string {
  return `${store.root}/published/${name}.json`;
}

function readLedger(store: Store, name: string): Ledger {
  const bytes = store.files.readSync(ledgerPath(store, name));
  return bytes ? JSON.parse(new TextDecoder().decode(bytes)) : {};
}

async function writeLedger(store: Store, name: string, ledger: Ledger): Promise<void> {
  store.files.makeFolder(`${store.root}/published`);
  await store.replaceFile(ledgerPath(store, name), JSON.stringify(ledger, undefined, 1), true);
  await store.files.syncFolder(`${store.root}/published`);
}

async function takeLock(store: Store, name: string): Promise<Lease> {
  const until = Date.now() + LOCK_WAIT;
  for (;;) {
    const lease = takeLease(`${store.root}/leases`, digestOf(`publish ${name}`));
    if (lease) return lease;
    if (Date.now() > until) {
      throw new DataError(store.root, "another run has been publishing for a minute; try again");
    }
    await new Promise((resolve) => setTimeout(resolve, LOCK_LOOK));
  }
}
