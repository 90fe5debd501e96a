import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import { describeSessions } from "../../../src/imaging/datasets/description.ts";
import { readSessionList } from "../../../src/imaging/datasets/sessions.ts";

/** Describes sessions of a CAPS with these tables; `list` is the list of sessions. */
function describe(sessions: string, { list, ...files }: Record<string, string>) {
  const root = Deno.makeTempDirSync();
  try {
    for (const [path, text] of Object.entries({ ...files, ...(list && { list }) })) {
      const folder = `${root}/${path}`.replace(/\/[^/]*$/, "");
      Deno.mkdirSync(folder, { recursive: true });
      Deno.writeTextFileSync(`${root}/${path}`, text.replaceAll(" ", "\t"));
    }
    const keys = sessions.split(", ").map((name) => {
      const [participant, session] = name.split(" ");
      return { participant, session };
    });
    const listed = list === undefined ? undefined : readSessionList(`${root}/list`);
    return describeSessions(root, "subjects/", keys, listed);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

Deno.test("ids without sub- and months of another padding match their folders", () => {
  const { table, warnings, notes } = describe("sub-1 ses-M00, sub-10 ses-M000", {
    "participants.tsv": "participant_id session_id age\n1 M000 60\nsub-10 ses-M0 70\n",
  });
  assertEquals(table.rows, [["sub-1", "ses-M00", "60"], ["sub-10", "ses-M000", "70"]]);
  assertEquals([warnings, notes], [[], []]);
});

Deno.test("a missing value of a session does not hide its participant's known one", () => {
  const { table } = describe("sub-1 ses-M000, sub-1 ses-M012", {
    "participants.tsv": "participant_id diagnosis\nsub-1 MCI\n",
    "subjects/sub-1/sub-1_sessions.tsv":
      "session_id diagnosis MMSE\nses-M000 n/a 28\nses-M012 AD 20\n",
  });
  assertEquals(table.rows, [
    ["sub-1", "ses-M000", "MCI", "28"],
    ["sub-1", "ses-M012", "AD", "20"],
  ]);
});

Deno.test("a participant listed twice with other values is an error that names both", () => {
  assertThrows(
    () =>
      describe("sub-1 ses-M000", {
        "participants.tsv":
          "participant_id session_id age diagnosis\nsub-1 ses-M000 60 AD\nsub-1 ses-M00 75 AD\n",
      }),
    DataError,
    'sub-1 ses-M000: age is "60" and "75" in ',
  );
  const error = assertThrows(
    () =>
      describe("sub-1 ses-M000, sub-1 ses-M012", {
        "participants.tsv": "participant_id session age\nsub-1 ses-M000 60\nsub-1 ses-M012 61\n",
      }),
    DataError,
    "the column of sessions must be called session_id",
  );
  assertStringIncludes(error.message, 'sub-1: age is "60" and "61"');
});

Deno.test("equal rows and numbers that are spelt otherwise are no contradiction", () => {
  const { table } = describe("sub-1 ses-M000", {
    "participants.tsv": "participant_id age\nsub-1 60\nsub-1 60.0\n",
  });
  assertEquals(table.rows, [["sub-1", "ses-M000", "60"]]);
});

Deno.test("two sexes of one person are an error, M and male are one", () => {
  const tables = (sex: string) => ({
    "participants.tsv": "participant_id sex\nsub-1 M\n",
    "subjects/sub-1/sub-1_sessions.tsv": `session_id sex\nses-M000 ${sex}\n`,
  });
  assertEquals(describe("sub-1 ses-M000", tables("male")).table.rows[0][2], "male");
  assertThrows(() => describe("sub-1 ses-M000", tables("F")), DataError, "sub-1 has two sexes: ");
});

Deno.test("numbers of the sex column are read by the Levels of participants.json", () => {
  const { table } = describe("sub-1 ses-M000, sub-2 ses-M000", {
    "participants.tsv": "participant_id sex\nsub-1 1\nsub-2 2\n",
    "participants.json": '{"sex":{"Levels":{"1":"Male","2":{"Description":"female"}}}}',
  });
  assertEquals(table.rows.map((row) => row[2]), ["M", "F"]);
});

Deno.test("rows that match no image are reported with examples", () => {
  const { notes } = describe("sub-1 ses-M000, sub-2 ses-M000", {
    "participants.tsv": "participant_id age\nsub-1 60\nsub-7 61\n",
  });
  assertStringIncludes(notes[0], 'participants.tsv: 1 of 2 rows match no image: "sub-7"');
  assertEquals(notes[1], "1 sessions are in no table: sub-2 ses-M000");
  const { warnings } = describe("sub-1 ses-M000", {
    "participants.tsv": "participant_id age\nOAS1_1 60\n",
  });
  assertStringIncludes(warnings[0], 'none of its 1 rows matches an image: "OAS1_1"');
});

Deno.test("the list's values win over those of the tables, and this is reported", () => {
  const { table, notes } = describe("sub-1 ses-M000", {
    "subjects/sub-1/sub-1_sessions.tsv": "session_id diagnosis\nses-M000 AD\n",
    list: "participant_id session_id diagnosis\nsub-1 ses-M00 CN\n",
  });
  assertEquals(table.rows[0][2], "CN");
  assertEquals(notes, [
    "the list of sessions replaces 1 values of tables: " +
    'sub-1 ses-M000 (diagnosis "CN" for "AD")',
  ]);
});

Deno.test("two folders of one session are refused", () => {
  assertThrows(
    () => describe("sub-1 ses-M00, sub-1 ses-M000", {}),
    DataError,
    "sub-1 ses-M00 and sub-1 ses-M000 are one session under two names",
  );
});
