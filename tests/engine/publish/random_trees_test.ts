/**
 * Publishing and unpublishing among random files of others: no byte of them changes. 100 trees, or
 * 10,000 with GYRUS_TEST_FULL=1.
 */
import { assert, assertEquals } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import { Ledger } from "../../../src/engine/publish/ledger.ts";
import { unpublish } from "../../../src/engine/publish/unpublish.ts";
import { openStore } from "../../../src/engine/store/store.ts";
import { type Files, publishFiles, readFiles, writeFiles } from "./tree.ts";

const TREES = Deno.env.get("GYRUS_TEST_FULL") ? 10_000 : 100;
const NAMES = ["a", "b", "c.txt", ".h"];

/** The same numbers every time. */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** Whole, below `sides`. */
  roll(sides: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor(this.#state / 2 ** 32 * sides);
  }

  path(names: readonly string[]): string {
    return Array.from({ length: 1 + this.roll(3) }, () => names[this.roll(names.length)]).join("/");
  }

  /** Files that can exist together. */
  files(names: readonly string[], most: number): Files {
    const files: Record<string, string> = {};
    for (let count = this.roll(most + 1); count > 0; count--) {
      const path = this.path(names);
      const clashes = Object.keys(files).some((other) =>
        other === path || other.startsWith(`${path}/`) || path.startsWith(`${other}/`)
      );
      if (!clashes) files[path] = "xyz"[this.roll(3)];
    }
    return files;
  }
}

/** One project with files of others, and what has become of them. */
class Scene {
  /** Files of others by path: what must not change. */
  others: Record<string, string> = {};
  readonly ledger: Ledger;

  constructor(readonly folder: string, cache: string) {
    this.ledger = new Ledger(openStore(cache), folder);
  }

  get #disk(): Record<string, string> {
    return readFiles(this.folder);
  }

  async publish(files: Files, force: boolean): Promise<void> {
    const before = this.#disk;
    let state: string;
    try {
      state = await publishFiles(this.ledger, files, force);
    } catch (error) {
      assert(error instanceof DataError, String(error));
      assertEquals(this.#disk, before, `refused, and changed: ${error.message}`);
      return;
    }
    const after = this.#disk;
    for (const [path, text] of Object.entries(files)) {
      assertEquals(followed(after[`out/${path}`], this.folder), text, path);
      if (before[`out/${path}`] !== after[`out/${path}`]) delete this.others[`out/${path}`];
    }
    // Folders that Gyrus made and somebody else emptied may go.
    if (state === "same") assertEquals(filesOf(after), filesOf(before));
    this.#check(files);
  }

  async unpublish(): Promise<void> {
    await unpublish(this.ledger.store, this.ledger, this.ledger.entries(), false);
    this.#check({});
  }

  /** All files are others' or of the output. */
  #check(files: Files): void {
    const rest = this.#disk;
    for (const [path, text] of Object.entries(this.others)) {
      const stillEmpty = path.endsWith("/") && !(path in rest);
      if (!stillEmpty) assertEquals(rest[path], text, path);
      else assert(Deno.statSync(`${this.folder}/${path}`).isDirectory, path);
      delete rest[path];
    }
    for (const path of Object.keys(files)) delete rest[`out/${path}`];
    const left = Object.keys(rest).filter((path) => !path.endsWith("/"));
    assertEquals(left, [], "left behind");
  }

  /** Somebody adds, edits or removes a file. */
  async meddle(dice: Dice): Promise<void> {
    const disk = Object.keys(this.#disk).filter((path) => !path.endsWith("/"));
    const path = disk[dice.roll(disk.length)];
    if (path !== undefined && dice.roll(2) === 0) {
      await Deno.remove(`${this.folder}/${path}`);
      delete this.others[path];
      if (dice.roll(2) === 0) return;
      await Deno.writeTextFile(`${this.folder}/${path}`, "edited");
      this.others[path] = "edited";
      return;
    }
    const before = this.#disk;
    try {
      await writeFiles(this.folder, { [`out/${dice.path(NAMES)}`]: "added" });
    } catch {
      // A file is where a folder must be, or the other way round.
    }
    for (const [path, text] of Object.entries(this.#disk)) {
      if (before[path] !== text) this.others[path] = text;
    }
  }
}

/** Without empty folders. */
function filesOf(disk: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(disk).filter(([path]) => !path.endsWith("/"));
}

/** The content of a file, also through a link. */
function followed(text: string | undefined, folder: string): string | undefined {
  return text?.startsWith("→ ") ? Deno.readTextFileSync(text.slice(2).replace("…", folder)) : text;
}

async function play(folder: string, cache: string, seed: number): Promise<void> {
  const dice = new Dice(seed);
  await writeFiles(folder, {
    ...Object.fromEntries(
      Object.entries(dice.files(NAMES, 6)).map(([path, text]) => [`out/${path}`, text]),
    ),
    "elsewhere/x": "x",
  });
  if (dice.roll(3) === 0) {
    const path = `${folder}/out/${NAMES[dice.roll(3)]}`;
    const target = `${folder}/elsewhere${dice.roll(2) === 0 ? "/x" : ""}`;
    try {
      await Deno.mkdir(`${folder}/out`, { recursive: true });
      await Deno.symlink(target, path);
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
  const scene = new Scene(folder, cache);
  scene.others = readFiles(folder);
  for (let turn = 0; turn < 4; turn++) {
    await scene.publish(dice.files(NAMES.slice(0, 3), 5), dice.roll(4) === 0);
    await scene.meddle(dice);
  }
  await scene.unpublish();
}

/** Trees in memory where the system has a place for that: thousands of them are synced there sooner. */
async function scratchFolder(): Promise<string> {
  const memory = "/dev/shm";
  const inMemory = await Deno.stat(memory).then(() => true, () => false);
  return await Deno.makeTempDir({ prefix: "gyrus-trees-", ...(inMemory && { dir: memory }) });
}

Deno.test(`no byte of others changes: ${TREES} random trees`, async () => {
  const root = await scratchFolder();
  try {
    for (let seed = 0; seed < TREES; seed++) {
      const folder = `${root}/${seed}`;
      try {
        await play(`${folder}/project`, `${folder}/cache`, seed);
      } catch (error) {
        throw new Error(`tree ${seed}`, { cause: error });
      }
      await Deno.remove(folder, { recursive: true });
    }
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
