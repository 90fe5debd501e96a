/** Whether what a run will store and publish fits on the disks. */
import { freeSpace } from "../../disk/free_space.ts";
import type { Workflow } from "../../workflow/graph.ts";
import type { Store } from "../store/store.ts";
import type { RunEstimate } from "./forecast.ts";

/** A folder on a disk with less space than will be written to it, in bytes. */
export interface FullDisk {
  /** Absolute path. */
  folder: string;
  /** What a run is expected to write there. */
  needed: number;
  /** What the disk has left. */
  free: number;
}

/** Less than this is not compared: asking for the free space takes longer than most plans. */
const LEAST_BYTES = 100 * 2 ** 20;

/** Disks on which a run with this estimate will not fit; those that can't be asked are left out. */
export async function findFullDisks(
  store: Store,
  { folder }: Pick<Workflow, "folder">,
  { diskBytes = 0, publishedBytes = 0 }: RunEstimate,
): Promise<FullDisk[]> {
  if (diskBytes + publishedBytes < LEAST_BYTES) return [];
  const [cache, published] = await Promise.all([freeSpace(store.root), freeSpace(folder)]);
  const shared = cache !== undefined && cache.disk === published?.disk;
  const needs = [
    { folder: store.root, space: cache, needed: diskBytes + (shared ? publishedBytes : 0) },
    { folder, space: published, needed: shared ? 0 : publishedBytes },
  ];
  return needs.flatMap(({ folder, space, needed }) =>
    space !== undefined && space.bytes < needed ? [{ folder, needed, free: space.bytes }] : []
  );
}
