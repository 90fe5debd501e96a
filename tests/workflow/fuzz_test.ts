/**
 * Mutated workflow files: for every problem the reader answers with a
 * workflow or a WorkflowError, soon. 500 mutants; 20,000 with GYRUS_TEST_FULL=1.
 */
import { assert } from "@std/assert";
import { WorkflowError } from "../../src/errors.ts";
import { readWorkflow } from "../../src/workflow/read.ts";
import { renderIssues } from "../../src/workflow/render_issues.ts";
import { workflowTextWith } from "../../src/workflow/describe/save_as.ts";
import { starterWorkflow } from "../../src/workflow/describe/starter.ts";
import { experiment, inMemory } from "./reading.ts";

const mutants = Deno.env.get("GYRUS_TEST_FULL") === "1" ? 20_000 : 500;
/** Seconds of the processor, which other work does not lengthen; a million instances are allowed. */
const patience = 20;

/** A small counter-based generator (splitmix32), so that a failure can be repeated by its number. */
function randomOf(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    mixed ^= mixed >>> 15;
    return (mixed >>> 0) % below;
  };
}

const words = [
  "__proto__",
  "constructor",
  "toString",
  "${params.seed}",
  "${matrix.fold}",
  "${",
  "}",
  "[*]",
  "[fold=*]",
  "[fold=0]",
  "train",
  "predict[*].predictions",
  "steps",
  "params",
  "in.",
  "with.",
  "matrix",
  "exclude = [{ fold = 1 }]\n",
  "include = [{ fold = 9, multi_network = true }]\n",
  'include = "a.toml"\n',
  "needs = ['evaluate']\n",
  "{ range = 100000 }",
  "9007199254740993",
  "1979-05-27T07:32:00Z",
  "nan",
  "-inf",
  '""',
  "[[steps]]\n",
  "[steps.train]\n",
  "{}",
  "[]",
  "../",
  "\u0000",
  "\ud800",
  "\uFEFF",
  "#",
  "'",
  '"""',
  "[".repeat(3000),
  "a.".repeat(3000),
];

function mutate(text: string, number: number): string {
  const random = randomOf(number);
  let mutant = text;
  for (let edits = 1 + random(4); edits > 0; edits--) {
    const at = random(mutant.length + 1);
    const length = random(8) === 0 ? random(200) : random(6);
    const lines = mutant.split("\n");
    const line = random(lines.length);
    switch (random(7)) {
      case 0: // Cut something out.
        mutant = mutant.slice(0, at) + mutant.slice(at + length);
        break;
      case 1: // Put a troublesome word in.
        mutant = mutant.slice(0, at) + words[random(words.length)] + mutant.slice(at);
        break;
      case 2: // Change a character.
        mutant = mutant.slice(0, at) + String.fromCharCode(random(128)) + mutant.slice(at + 1);
        break;
      case 3: // Repeat a line elsewhere.
        lines.splice(random(lines.length), 0, lines[line]);
        mutant = lines.join("\n");
        break;
      case 4: // Leave a line out.
        lines.splice(line, 1);
        mutant = lines.join("\n");
        break;
      case 5: // Swap the values of two lines.
        mutant = swapValues(lines, line, random(lines.length)).join("\n");
        break;
      default: // Give a line another value.
        lines[line] = lines[line].replace(/=.*/, () => `= ${words[random(words.length)]}`);
        mutant = lines.join("\n");
    }
  }
  return mutant;
}

function swapValues(lines: string[], a: number, b: number): string[] {
  const [left, right] = [lines[a].indexOf("="), lines[b].indexOf("=")];
  if (left < 0 || right < 0) return lines;
  const [first, second] = [lines[a], lines[b]];
  lines[a] = first.slice(0, left) + second.slice(right);
  lines[b] = second.slice(0, right) + first.slice(left);
  return lines;
}

/** Whether a mutant is valid; throws on anything but a workflow or a sound WorkflowError. */
async function isValid(text: string): Promise<boolean> {
  try {
    const options = inMemory({ "a.toml": text, "train.json": "{}" });
    const { instances } = await readWorkflow("/project/a.toml", options);
    assert(instances.length > 0);
    return true;
  } catch (error) {
    if (!(error instanceof WorkflowError)) throw error;
    assert(error.issues.length > 0);
    const lines = text.split("\n").length;
    for (const { location, message } of error.issues) {
      assert(message.length > 0);
      if (location === undefined) continue;
      const { line, column } = location;
      assert(line >= 1 && line <= lines && column >= 1, `${line}:${column}`);
    }
    renderIssues(error.issues, "/project");
    return false;
  }
}

Deno.test(`${mutants} mutated files give a workflow or a WorkflowError, and soon`, async () => {
  let valid = 0;
  for (let number = 0; number < mutants; number++) {
    const text = mutate(number % 2 === 0 ? experiment : starterWorkflow("fuzz"), number);
    const before = process.cpuUsage();
    try {
      if (await isValid(text)) valid++;
    } catch (cause) {
      throw new Error(`mutant ${number}:\n${text}`, { cause });
    }
    const { user, system } = process.cpuUsage(before);
    const seconds = (user + system) / 1e6;
    assert(seconds < patience, `mutant ${number} took ${seconds} s of the processor`);
  }
  // Mutants that are all rejected, or all accepted, would prove little.
  assert(valid > mutants / 50 && valid < mutants * 0.9, `${valid} of ${mutants} are valid`);
});

Deno.test(`${mutants / 5} mutated files are saved with new values, or refused`, async () => {
  let saved = 0;
  for (let number = 0; number < mutants / 5; number++) {
    const text = mutate(experiment, number);
    try {
      const options = inMemory({ "a.toml": text }, { set: ["train.epochs=7", "params.seed=1"] });
      await workflowTextWith("/project/a.toml", options);
      saved++;
    } catch (error) {
      if (!(error instanceof WorkflowError)) {
        throw new Error(`mutant ${number}:\n${text}`, { cause: error });
      }
    }
  }
  assert(saved > 0);
});
