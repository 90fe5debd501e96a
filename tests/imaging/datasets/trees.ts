/** Folders of images, opened as data sets, and what opening them logs. */
import { readError } from "../../../src/disk/errors.ts";
import type { ImagePattern, Layout } from "../../../src/imaging/datasets/dataset.ts";
import { writeNifti } from "../../../src/imaging/nifti/write.ts";
import { openDataset, type OpenOptions } from "../../../src/imaging/datasets/open.ts";
import type { Cohort } from "../../../src/imaging/datasets/sessions.ts";

export const image = writeNifti({
  shape: [2, 2, 2],
  voxels: new Uint8Array(8),
  affine: Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1),
});

/** Three volumes in one file. */
export const volumes = writeNifti({
  shape: [2, 2, 2, 3],
  voxels: new Uint8Array(24),
  affine: Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1),
});

/** A folder of these files; bytes default to an image. */
export async function withTree(
  files: Record<string, string | Uint8Array | undefined>,
  test: (root: string) => Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    for (const [path, content] of Object.entries(files)) {
      await Deno.mkdir(`${root}/${path.slice(0, path.lastIndexOf("/") + 1)}`, { recursive: true });
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      await Deno.writeFile(`${root}/${path}`, bytes ?? image);
    }
    await test(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

export const warnings: string[] = [];
export const logged: string[] = [];
export const progress: string[] = [];
let memoized: Uint8Array = new Uint8Array();
export const access = {
  external: async (path: string) => {
    const info = await Deno.stat(path).catch((cause) => {
      throw readError(path, cause);
    });
    return { digest: `of ${path}`, size: info.size };
  },
  memo: async (_key: unknown, compute: () => Promise<Uint8Array>) => {
    memoized = await compute();
    return { digest: "memo", size: memoized.length };
  },
  get: () => Promise.resolve(memoized),
  log: (message: string) => void logged.push(message),
  warn: (message: string) => void warnings.push(message),
  progress: ({ message }: { message: string }) => void progress.push(message),
};

export async function open(
  layout: Layout,
  pattern: ImagePattern,
  cohorts: Cohort[] | string,
  options?: OpenOptions,
) {
  for (const messages of [warnings, logged, progress]) messages.length = 0;
  const list = typeof cohorts === "string" ? [{ name: "single", root: cohorts }] : cohorts;
  const { images, sessions, extras } = await openDataset(layout, list, pattern, access, options);
  return { paths: images.map(({ path }) => path), images, participants: sessions, extras };
}

export const t1 = { preprocessing: "t1-linear", use_uncropped_image: false } as const;
export const space = "space-MNI152NLin2009cSym_desc-Crop_res-1x1x1";
export const t1File = (participant: string, session: string, name = `${space}_T1w.nii.gz`) =>
  `subjects/${participant}/${session}/t1_linear/${participant}_${session}_${name}`;
