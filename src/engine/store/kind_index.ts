/**
 * Which records each kind of step has: found without walking the records.
 *
 * One append-only file a kind, a line a record. It serves explanations and "may run" alone, so a
 * line that is lost or torn costs a less exact reason and never a wrong result.
 */
import type { FileOperations } from "../../disk/operations.ts";
import type { Digest } from "../../workflow/step.ts";
import { fileNameFor, isDigest } from "./digest.ts";
import { type KeyParts, shapeKey } from "./key.ts";
import type { InstanceRecord } from "./record.ts";

interface KindEntries {
  /** Oldest first. */
  keys: Digest[];
  shapes: Set<Digest>;
}

export class KindIndex {
  readonly #kinds = new Map<string, KindEntries>();

  constructor(
    readonly roots: readonly string[],
    readonly files: FileOperations,
    readonly writable: boolean,
  ) {}

  add(record: InstanceRecord): void {
    const shape = shapeKey(record.parts);
    this.files.append(this.#path(this.roots[0], record.parts.kind), `${record.key} ${shape}\n`);
    const loaded = this.#kinds.get(record.parts.kind);
    loaded?.keys.push(record.key);
    loaded?.shapes.add(shape);
  }

  /** Keys of the newest records of a kind, newest first. */
  newest(kind: string, count: number): Digest[] {
    return this.#load(kind).keys.slice(-count).reverse();
  }

  /** Whether some record differs from these parts in inputs alone. */
  hasShape(parts: Omit<KeyParts, "inputs">): boolean {
    const { shapes } = this.#load(parts.kind);
    return shapes.size > 0 && shapes.has(shapeKey(parts));
  }

  /** Leaves the lines of these records alone; for the garbage collector. */
  retain(keys: ReadonlySet<Digest>): void {
    const folder = `${this.roots[0]}/kinds`;
    for (const name of this.files.list(folder)) {
      const path = `${folder}/${name}`;
      const bytes = this.files.readSync(path);
      if (!bytes) continue;
      const lines = new Map<Digest, string>();
      for (const line of new TextDecoder().decode(bytes).split("\n")) {
        const [key] = line.split(" ");
        if (!keys.has(key)) continue;
        lines.delete(key);
        lines.set(key, line);
      }
      this.files.remove(path);
      if (lines.size > 0) this.files.append(path, [...lines.values(), ""].join("\n"));
    }
    this.#kinds.clear();
  }

  #path(root: string, kind: string): string {
    return `${root}/kinds/${fileName(kind)}`;
  }

  #load(kind: string): KindEntries {
    const loaded = this.#kinds.get(kind);
    if (loaded) return loaded;
    const keys = new Set<Digest>();
    const shapes = new Set<Digest>();
    for (const root of this.roots.toReversed()) {
      const bytes = this.files.readSync(this.#path(root, kind));
      if (!bytes) continue;
      for (const line of new TextDecoder().decode(bytes).split("\n")) {
        const [key, shape] = line.split(" ");
        if (!isDigest(key) || !isDigest(shape)) continue;
        keys.delete(key);
        keys.add(key);
        shapes.add(shape);
      }
    }
    const entries = { keys: [...keys], shapes };
    this.#kinds.set(kind, entries);
    return entries;
  }
}

function fileName(kind: string): string {
  return `${fileNameFor(kind)}.log`;
}
