/** A MAPS folder on disk whose files are external blobs. */
import { listFolder } from "../../disk/folders.ts";
import { statIfPresent } from "../../disk/read.ts";
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
    list(path) {
      const folder = path === "" ? root : `${root}/${path}`;
      if (statIfPresent(folder)) {
        return Promise.resolve(listFolder(folder).map(({ name }) => name));
      }
      if (path === "") throw new DataError(root, "does not exist");
      return Promise.resolve([]);
    },
    blob,
    read: async (path) => await context.get(await blob(path)),
  };
}
