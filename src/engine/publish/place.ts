/** What is at a place that a file is to be published to. */
import { linkStatIfPresent, statIfPresent } from "../../disk/read.ts";
import type { Digest } from "../../workflow/step.ts";
import type { Store } from "../store/store.ts";

export type Occupant =
  | { what: "nothing" | "folder" | "other" }
  | { what: "file"; digest: Digest }
  /** `digest` of the file that it leads to, if it does. */
  | { what: "link"; digest?: Digest };

/** @param path absolute; a file that has not changed since it was last seen is not read */
export async function occupantOf(store: Store, path: string): Promise<Occupant> {
  const stat = linkStatIfPresent(path);
  if (!stat) return { what: "nothing" };
  if (stat.isDirectory) return { what: "folder" };
  const target = stat.isSymlink ? statIfPresent(path) : stat;
  const digest = target?.isFile ? (await store.copies.digest(path)).digest : undefined;
  if (stat.isSymlink) return { what: "link", ...(digest !== undefined && { digest }) };
  return digest === undefined ? { what: "other" } : { what: "file", digest };
}
