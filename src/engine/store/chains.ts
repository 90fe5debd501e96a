/** Checkpoints of trainings and their like: the records of a chain by position, in all tiers of a store. */
import type { FileOperations } from "../../disk/operations.ts";
import type { Digest } from "../../workflow/step.ts";
import { checkDigest, isPosition } from "./checked.ts";
import { hexOf } from "./digest.ts";
import type { DurableWriter } from "./durable.ts";
import { type ChainRecord, decodeRecord, encodeRecord } from "./record.ts";
import { readOnlyError } from "./store_error.ts";

export class Chains {
  /**
   * @param roots of the tiers; the first alone is written to
   * @param quarantine sets a corrupt record of the first tier aside
   */
  constructor(
    readonly roots: readonly string[],
    readonly files: FileOperations,
    readonly writer: DurableWriter,
    readonly writable: boolean,
    readonly quarantine: (name: string, path: string) => void,
  ) {}

  folderOf(key: Digest, root: string = this.roots[0]): string {
    return `${root}/chains/${hexOf(checkDigest(key)).slice(0, 2)}/${key}`;
  }

  /** Checkpoints of a chain, newest first. */
  read(key: Digest): ChainRecord[] {
    const found = new Map<number, ChainRecord>();
    for (const root of this.roots) {
      const folder = this.folderOf(key, root);
      for (const name of this.files.list(folder)) {
        if (!name.endsWith(".json")) continue;
        const bytes = this.files.readSync(`${folder}/${name}`);
        const record = bytes && decodeRecord(bytes, "chain");
        if (record?.key === key && name === `${record.position}.json`) {
          if (!found.has(record.position)) found.set(record.position, record);
        } else if (bytes && root === this.roots[0]) {
          this.quarantine(`${key} ${name}`, `${folder}/${name}`);
        }
      }
    }
    return [...found.values()].sort((a, b) => b.position - a.position);
  }

  /** Publishes a checkpoint, then drops earlier ones that are not final. */
  async publish(record: ChainRecord): Promise<void> {
    if (!this.writable) throw readOnlyError(this.roots[0]);
    if (!isPosition(record.position)) {
      throw new RangeError(`${record.position} is no position of a checkpoint`);
    }
    await this.writer.sync();
    const earlier = this.read(record.key);
    const same = earlier.find((other) => other.position === record.position);
    const kept = same?.final && !record.final ? { ...record, final: true } : record;
    const path = `${this.folderOf(record.key)}/${record.position}.json`;
    await this.writer.publish(path, encodeRecord(kept));
    await this.writer.sync();
    for (const other of earlier) {
      if (!other.final && other.position < record.position) this.drop(other);
    }
  }

  drop({ key, position }: ChainRecord): void {
    this.files.remove(`${this.folderOf(key)}/${position}.json`);
  }
}
