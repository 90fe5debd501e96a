/**
 * Slices of 20 volumes (169 x 208 x 179, float32, gzipped) to float32 tensors on two threads, beside
 * nibabel and NumPy in a pool of two processes, and beside inflating alone: by zlib in that pool, and
 * by Deno's faster node:zlib on two threads.
 *
 *     deno run -A tests/imaging/extract/extraction_bench.ts
 *
 * Needs Debian's python3-nibabel; NIBABEL_PYTHON names another Python that has nibabel. Files are read
 * once before anything is timed; runs alternate, and the median of each counts.
 */
import { ExtractionPool } from "../../../src/imaging/extract/extract_pool.ts";
import { forEachConcurrently } from "../../../src/imaging/concurrent.ts";
import type { Recipe } from "../../../src/imaging/extract/extraction.ts";
import { writeNifti } from "../../../src/imaging/nifti/write.ts";

const SHAPE = [169, 208, 179];
const VOLUMES = 20;
const THREADS = 2;
const ROUNDS = 5;

/** Noise within an ellipsoid on a smooth ground, zero around it: a head's share of the grid. */
function headLike(seed: number): Float32Array {
  const [nx, ny, nz] = SHAPE;
  const voxels = new Float32Array(nx * ny * nz);
  let state = seed;
  for (let z = 0, at = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, at++) {
        const radius = ((x - 84) / 70) ** 2 + ((y - 104) / 88) ** 2 + ((z - 90) / 78) ** 2;
        if (radius >= 1) continue;
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        voxels[at] = 500 * (1 - radius) + state / 2 ** 27;
      }
    }
  }
  return voxels;
}

const PYTHON = `
import multiprocessing, sys, time, zlib
import nibabel as nib
import numpy as np

def slices(job):
    path, axis = job
    voxels = nib.load(path).get_fdata(dtype="float32")
    return float(np.ascontiguousarray(np.moveaxis(voxels, axis, 0))[0, 0, 0])

def inflate(path):
    with open(path, "rb") as file:
        return len(zlib.decompress(file.read(), 31))

if __name__ == "__main__":
    with multiprocessing.Pool(${THREADS}) as pool:
        pool.map(slices, [(path, 0) for path in sys.argv[1:3]], 1)
        print("ready", flush=True)
        for line in sys.stdin:
            start = time.perf_counter()
            if line.strip() == "zlib":
                pool.map(inflate, sys.argv[1:], 1)
            else:
                pool.map(slices, [(path, int(line)) for path in sys.argv[1:]], 1)
            print(time.perf_counter() - start, flush=True)
`;

const INFLATE = `
import { gunzipSync } from "node:zlib";
self.onmessage = ({ data: paths }) => {
  let bytes = 0;
  for (const path of paths) bytes += gunzipSync(Deno.readFileSync(path), { chunkSize: ${
  SHAPE.reduce((a, b) => a * b) * 4 + 352
} }).length;
  self.postMessage(bytes);
};
`;

/** A Python process that answers each line with the seconds that it took. */
class Nibabel {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #pending = "";

  constructor(paths: readonly string[]) {
    this.#process = new Deno.Command(Deno.env.get("NIBABEL_PYTHON") ?? "/usr/bin/python3", {
      args: ["-c", PYTHON, ...paths],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#lines = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  async line(): Promise<string> {
    while (!this.#pending.includes("\n")) {
      const { value, done } = await this.#lines.read();
      if (done) throw new Error("Python ended; is python3-nibabel installed?");
      this.#pending += value;
    }
    const end = this.#pending.indexOf("\n");
    const line = this.#pending.slice(0, end);
    this.#pending = this.#pending.slice(end + 1);
    return line;
  }

  /** @param task the axis across the slices, or inflating alone */
  async seconds(task: number | "zlib"): Promise<number> {
    await this.#input.write(new TextEncoder().encode(`${task}\n`));
    return Number(await this.line());
  }

  async close(): Promise<void> {
    await this.#input.close();
    await this.#process.status;
  }
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** Each thread reads and inflates every other file: nothing crosses between threads. */
async function inflateAll(workers: Worker[], paths: readonly string[]): Promise<void> {
  await Promise.all(workers.map((worker, i) => {
    const done = new Promise((resolve) => worker.onmessage = resolve);
    worker.postMessage(paths.filter((_, j) => j % workers.length === i));
    return done;
  }));
}

async function extractAll(pool: ExtractionPool, paths: readonly string[], recipe: Recipe) {
  await forEachConcurrently(paths, pool.concurrency, async (path) => {
    await pool.extract(await Deno.readFile(path), recipe, path);
  });
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];

const folder = await Deno.makeTempDir();
const affine = Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
const paths: string[] = [];
for (let i = 0; i < VOLUMES; i++) {
  const path = `${folder}/${i}.nii.gz`;
  await Deno.writeFile(path, writeNifti({ shape: SHAPE, voxels: headLike(i + 1), affine }));
  paths.push(path);
}
const url = `data:application/javascript,${encodeURIComponent(INFLATE)}`;
const inflaters = Array.from({ length: THREADS }, () => new Worker(url, { type: "module" }));
const pool = new ExtractionPool(THREADS);
const nibabel = new Nibabel(paths);
try {
  await nibabel.line();
  await inflateAll(inflaters, paths);
  const table: Record<string, Record<string, string>> = {};
  for (const slice_direction of [0, 1, 2] as const) {
    const recipe = { mode: "slice", slice_direction } as const;
    await extractAll(pool, paths, recipe);
    const times: Record<"gyrus" | "nibabel" | "zlib" | "node:zlib", number[]> = {
      gyrus: [],
      nibabel: [],
      zlib: [],
      "node:zlib": [],
    };
    for (let round = 0; round < ROUNDS; round++) {
      times.gyrus.push(await seconds(() => extractAll(pool, paths, recipe)));
      times.nibabel.push(await nibabel.seconds(slice_direction));
      times.zlib.push(await nibabel.seconds("zlib"));
      times["node:zlib"].push(await seconds(() => inflateAll(inflaters, paths)));
    }
    const ours = median(times.gyrus);
    table[["sagittal", "coronal", "axial"][slice_direction]] = {
      "volumes/s": (VOLUMES / ours).toFixed(1),
      ...Object.fromEntries(
        Object.entries(times).map(([name, each]) => [`${name} s`, median(each).toFixed(2)]),
      ),
      "times nibabel": (median(times.nibabel) / ours).toFixed(2),
      "of zlib": (median(times.zlib) / ours).toFixed(2),
      "of node:zlib": (median(times["node:zlib"]) / ours).toFixed(2),
    };
  }
  console.table(table);
} finally {
  pool.close();
  inflaters.forEach((worker) => worker.terminate());
  await nibabel.close();
  await Deno.remove(folder, { recursive: true });
}
