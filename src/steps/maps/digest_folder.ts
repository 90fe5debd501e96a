/** A MAPS folder on disk whose files are external blobs. */
import { DataError } from "../../errors.ts";
import type { MapsFolder } from "../../maps/read.ts";
import type { Blob, StepContext } from "../../workflow/step.ts";

/** A folder that gives the digest of a file without loading it. */
export interface DigestFolder extends MapsFolder {
  blob(path: string): Promise<Blob>;
}

export function openDigestFolder(
  root: string,
  context: Pick<StepContext, "external" | "get">,
): DigestFolder {
  const blob = (path: string) => context.external(`${root}/${path}`);
  return {
    name: root,
    async list(path) {
      const names: string[] = [];
      try {
        for await (const { name } of Deno.readDir(path === "" ? root : `${root}/${path}`)) {
          names.push(name);
        }
      } catch (cause) {
        if (!(cause instanceof Deno.errors.NotFound)) throw cause;
        if (path === "") throw new DataError(root, "does not exist", { cause });
      }
      return names.sort();
    },
    blob,
    read: async (path) => await context.get(await blob(path)),
  };
}
