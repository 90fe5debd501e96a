import { assertEquals, assertRejects } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { imagedIn, readMissingMods } from "../../src/tables/availability.ts";
import { readTsv } from "../../src/formats/tsv.ts";
import { sessionKey } from "../../src/tables/identity.ts";
import { tableOf } from "./tables.ts";

const folder = (files: Record<string, string>) => ({
  path: "mods",
  names: Object.keys(files),
  read: (path: string) => Promise.resolve(files[path.slice("mods/".length)]),
});

Deno.test("missing_mods of another padding are found, sessions without one have no image", async () => {
  const merged = tableOf(`
participant_id session_id
sub-1 ses-M00
sub-2 ses-M00
sub-1 ses-M12`);
  const files = { "missing_mods_ses-M000.tsv": "participant_id\tt1w\nsub-1\t1\nsub-2\t0\n" };
  const { available, absent } = await readMissingMods(folder(files), "t1w", merged);
  assertEquals([...available], [sessionKey("sub-1", "ses-M0")]);
  assertEquals(absent, ["ses-M12"]);
  await assertRejects(
    () => readMissingMods(folder({}), "t1w", merged),
    DataError,
    "mods: no missing_mods_<session>.tsv of ses-M00, ses-M12 is in it",
  );
});

Deno.test("images of cohorts belong to the people of their cohort", () => {
  const images = readTsv("participant_id\tsession_id\tcohort\nsub-1\tses-M000\tA\n", "images.tsv");
  const labels = tableOf("participant_id session_id cohort\nsub-1 ses-M000 B");
  assertEquals(imagedIn(images, labels).has(labels.key(labels.rows[0])), false);
  const plain = tableOf("participant_id session_id\nsub-1 ses-M00");
  assertEquals(imagedIn(images, plain).has(plain.key(plain.rows[0])), true);
});
