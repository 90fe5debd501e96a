import { assert, assertEquals } from "@std/assert";
import { Ledger } from "../../../src/engine/publish/ledger.ts";
import { openStore } from "../../../src/engine/store/store.ts";
import { inFolder } from "../scratch.ts";
import { type Files, publishFiles, readFiles, writeFiles } from "./tree.ts";

/** Operations of the disk that change something. */
const OPERATIONS = ["renameSync", "removeSync", "mkdirSync", "openSync"] as const;

class Killed extends Error {}

/** Runs an action until its n-th operation of the disk, after which none has an effect. */
async function killedAt(instant: number, action: () => Promise<unknown>): Promise<boolean> {
  const real = Object.fromEntries(OPERATIONS.map((name) => [name, Deno[name]]));
  let count = 0;
  for (const name of OPERATIONS) {
    Object.assign(Deno, {
      [name]: (...args: unknown[]) => {
        if (++count > instant) throw new Killed();
        return Reflect.apply(real[name], Deno, args);
      },
    });
  }
  try {
    await action();
    return false;
  } catch (error) {
    assert(error instanceof Killed, String(error));
    return true;
  } finally {
    Object.assign(Deno, real);
  }
}

async function assertRepaired(old: Files, next: Files, last: Files): Promise<number> {
  let instant = 0;
  for (let killed = true; killed; instant++) {
    await inFolder(async (folder) => {
      await writeFiles(folder, { "out/other": "other", "out/a/other": "other" });
      const ledger = () => new Ledger(openStore(`${folder}/.gyrus`), folder);
      await publishFiles(ledger(), old);
      const store = ledger();
      killed = await killedAt(instant, () => publishFiles(store, next));
      await publishFiles(ledger(), last);
      const expected = { "a/other": "other", "other": "other", ...last };
      const found = readFiles(`${folder}/out`);
      assertEquals(found, Object.fromEntries(Object.entries(expected).sort()), `kill ${instant}`);
      const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
      assertEquals(names, [".gyrus", "out"], `kill ${instant}`);
    });
  }
  return instant;
}

const OLD = { "a/x": "1", "b/y": "1", "c": "1" };
const NEW = { "a/x": "2", "b": "2", "c/z": "2" };

Deno.test("after a kill at any operation of the disk the next run completes the publication", async () => {
  const instants = await assertRepaired(OLD, NEW, NEW);
  assert(instants > 20, `only ${instants} operations`);
});

Deno.test("after a kill at any operation of the disk the next run can publish something else", async () => {
  await assertRepaired(OLD, NEW, { "a/x": "3", "d": "3" });
});
