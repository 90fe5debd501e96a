/** Small workflow files that expand without end: each is refused at once, by a WorkflowError. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { WorkflowError } from "../../src/errors.ts";
import { readWorkflow } from "../../src/workflow/read.ts";
import { renderIssues } from "../../src/workflow/render_issues.ts";
import { toyKinds } from "./toy_kinds.ts";
import { issues } from "./reading.ts";

const repeat = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => line(index)).join("\n");
const step = '[steps.a]\nuses = "caps.generate"\nwith.kind = "phantom"\n';

/** The first problem of a workflow, and the seconds of the processor until it was found. */
async function timedIssues(text: string): Promise<{ found: string; seconds: number }> {
  const before = process.cpuUsage();
  const found = await issues(`version = 1\n${text}`);
  const { user, system } = process.cpuUsage(before);
  return { found, seconds: (user + system) / 1e6 };
}

const LARGE = `[params]\nbig = [${"0,".repeat(40_000)}]\nsame = "\${params.big}"\n${step}`;
/** A large file that is read sets the pace, since other work slows the processor too. */
const { seconds: PACE } = await timedIssues(LARGE);
const MOST_SECONDS = Math.max(3, 8 * PACE);

/** The first problem of the text, found in time. */
async function refusal(text: string): Promise<string> {
  const { found, seconds } = await timedIssues(text);
  assert(seconds < MOST_SECONDS, `refused after ${seconds} s, at most ${MOST_SECONDS} s`);
  assert(found !== "", "it was not refused");
  assert(found.length < 100_000, `a message of ${found.length} characters`);
  return found;
}

const doubled = (value: (index: number) => string) =>
  `[params]\np0 = "ab"\n${repeat(30, (i) => `p${i + 1} = ${value(i)}`)}\n${step}`;

for (
  const [situation, text, message] of [
    [
      "a text that 30 params double",
      doubled((i) => `"\${params.p${i}}\${params.p${i}}"`),
      "expands to more than 1048576",
    ],
    [
      "a list that 30 params double",
      doubled((i) => `["\${params.p${i}}", "\${params.p${i}}"]`),
      "expands to more than 1048576",
    ],
    [
      "a table that 30 params double",
      doubled((i) => `{ a = "\${params.p${i}}", b = "\${params.p${i}}" }`),
      "expands to more than 1048576",
    ],
    [
      "many large values",
      `[params]\nbig = [${"0,".repeat(50_000)}]\n${
        repeat(2000, (i) => `p${i} = "\${params.big}"`)
      }\n${step}`,
      "expand to more than 67108864",
    ],
    [
      "lists in lists by params",
      doubled((i) => `[[[["\${params.p${i}}"]]]]`),
      "nested deeper than 64",
    ],
    [
      "5000 params in a row",
      `[params]\np0 = 1\n${
        repeat(5000, (i) => `p${i + 1} = "\${params.p${i}}"`).split("\n").reverse().join("\n")
      }\n${step}`,
      "more than 100 params",
    ],
    [
      "600 table headers of rising depth",
      repeat(600, (i) => `[${Array(i + 1).fill("d").join(".")}]`),
      "deeper than 50",
    ],
    [
      "a key of 50,000 parts",
      `[params]\n${Array(50_000).fill("a").join(".")} = 1`,
      "deeper than 50",
    ],
    ["20,000 dotted keys", repeat(20_000, (i) => `k${i}.x = 1`), "stopped after 200 problems"],
    [
      "a list of 100,001 values",
      `[params]\nbig = [${"0,".repeat(100_001)}]`,
      "at most 100000 values",
    ],
    [
      "20,000 unknown parameters",
      `${step}${repeat(20_000, (i) => `with.k${i} = 1`)}`,
      "stopped after 200 problems",
    ],
    ["a text of 3 MB", `${step}description = "${"a".repeat(3e6)}"`, "longer than the 524288"],
    [
      "many matrices of a million points",
      repeat(
        20,
        (i) =>
          `[steps.s${i}]\nuses = "caps.generate"\nwith.seed = "\${matrix.x}"\nmatrix.x = { range = 1000000 }`,
      ),
      "more than the 1000000 instances",
    ],
    [
      "a matrix of twenty axes",
      `${step}${repeat(20, (i) => `matrix.a${i} = [0, 1, 2]`)}`,
      "points; at most 1000000",
    ],
    [
      "a matrix of a hundred thousand invalid values",
      `[steps.a]\nuses = "caps.generate"\nwith.kind = "\${matrix.x}"\nmatrix.x = { range = 100000 }\n`,
      "stopped after 10000 problems of one place",
    ],
    [
      "a reference of each of 10,000 points to 10,000 instances",
      `[steps.a]\nuses = "caps.generate"\nwith.kind = "phantom"\nwith.seed = "\${matrix.x}"\nmatrix.x = { range = 10000 }\n` +
      `[steps.b]\nuses = "caps.generate"\nwith.kind = "phantom"\nwith.seed = "\${matrix.y}"\nmatrix.y = { range = 10000 }\nneeds = ["a", "a[*]"]\n`,
      "expand to more than",
    ],
    [
      "many entries that are excluded",
      `${step}matrix.x = { range = 100000 }\nexclude = [${repeat(1000, (i) => `{ x = ${i} },`)}]`,
      "too many entries",
    ],
  ] as const
) {
  Deno.test(`${situation} is refused in time`, async () => {
    const found = await refusal(text);
    assert(found.includes(message), found.slice(0, 2000));
  });
}

Deno.test("values just below the limits are read", async () => {
  assertEquals(await issues(`version = 1\n${LARGE}`), "");
});

Deno.test("a file is included only from the workflow's folder, and its content is never shown", async (t) => {
  const root = await Deno.makeTempDir();
  const folder = `${root}/project`;
  const other = `${root}/other`;
  await Deno.mkdir(folder);
  await Deno.mkdir(other);
  await Deno.writeTextFile(`${other}/secret.toml`, "root:x:0:0 # secret\n");
  await Deno.writeTextFile(`${other}/shared.toml`, "[params]\nseed = 1979-05-27\n");
  await Deno.writeTextFile(`${folder}/own.toml`, "[params]\nseed = 1\n");
  await Deno.symlink(`${other}/secret.toml`, `${folder}/link.toml`);
  const made = await new Deno.Command("mkfifo", { args: [`${folder}/pipe.toml`] }).output();
  assert(made.success);

  const including = async (name: string, includeFrom: string[] = []): Promise<string> => {
    await Deno.writeTextFile(`${folder}/a.toml`, `version = 1\ninclude = "${name}"\n${step}`);
    const reading = readWorkflow(`${folder}/a.toml`, { kinds: toyKinds, includeFrom });
    const { issues } = await assertRejects(() => reading, WorkflowError);
    const text = renderIssues(issues, folder);
    assert(!text.includes("secret\n") && !text.includes("root:") && !text.includes("1979"), text);
    return text.split("\n").at(-1)!;
  };
  try {
    await t.step("of another folder", async () => {
      assertEquals(
        await including("../other/secret.toml"),
        `can't include ${other}/secret.toml: it is outside the workflow's folder; ` +
          `copy it there, or add --include-from ${other}`,
      );
    });
    await t.step("through a symbolic link", async () => {
      assert((await including("link.toml")).includes("outside the workflow's folder"));
    });
    await t.step("a device", async () => {
      assert((await including("/dev/zero")).includes("outside the workflow's folder"));
      assert(
        (await including("/dev/zero", ["/dev"])).endsWith("it is no regular file; name a file"),
      );
    });
    await t.step("a named pipe", async () => {
      assert((await including("pipe.toml")).endsWith("it is no regular file; name a file"));
    });
    await t.step("of a folder that is allowed", async () => {
      assertEquals(await including("../other/secret.toml", [other]), "not valid TOML");
      assert(
        (await including("../other/shared.toml", [other])).startsWith("dates and times can't"),
      );
      await Deno.writeTextFile(`${other}/shared.toml`, "[params]\nseed = 7\n");
      await Deno.writeTextFile(
        `${folder}/a.toml`,
        `version = 1\ninclude = ["../other/shared.toml", "own.toml"]\n${step}`,
      );
      const options = { kinds: toyKinds, includeFrom: [other] };
      assertEquals((await readWorkflow(`${folder}/a.toml`, options)).params, { seed: 1 });
    });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
