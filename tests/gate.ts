/**
 * `./gyrus test`: everything that must hold before a change is shared. Two processes run at a time: one
 * checks something, or tests the files of one folder. Prints what fails and, at the end, `N passed, N failed`,
 * where format, lint, doc and types count as one each.
 */
const full = Deno.args.includes("--full");
const unknown = Deno.args.filter((argument) => argument !== "--full");
if (unknown.length > 0) {
  console.error(`unknown argument ${unknown[0]}; usage: gyrus test [--full]`);
  Deno.exit(2);
}

const root = new URL("..", import.meta.url);
const offline = ["--cached-only", "--no-remote", "--frozen"];
/** Tests that compute on a software adapter use every core for a part of their time only. */
const PROCESSES = 2;

let passed = 0;
let failed = 0;

/** Runs Deno; what it printed is printed in one piece when it failed. */
async function deno(args: readonly string[], env: Record<string, string> = {}): Promise<boolean> {
  const command = new Deno.Command(Deno.execPath(), { args: [...args], cwd: root, env });
  const { success, stdout, stderr } = await command.output();
  // Dawn ends its last remark without a line break.
  if (!success) console.log(`${decode(stdout)}${decode(stderr)}\n`);
  return success;
}

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function report(name: string, ok: boolean, started: number): void {
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${ok ? "ok" : "FAILED"}: ${name} (${seconds} s)`);
}

async function check(name: string, args: readonly string[]): Promise<void> {
  const started = performance.now();
  const ok = await deno(args);
  ok ? passed++ : failed++;
  report(name, ok, started);
}

/** Test files below a folder, as paths from the root. */
function testFiles(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, root))].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    return isDirectory ? testFiles(path) : name.endsWith("_test.ts") ? [path] : [];
  });
}

/** The test files of each folder of `tests` and of `tests/steps`; first those with the most code. */
function testFolders(): [folder: string, files: string[]][] {
  const folders = Map.groupBy(testFiles("tests"), (path) => {
    const names = path.split("/").slice(0, -1);
    return names.slice(0, names[1] === "steps" ? 3 : 2).join("/");
  });
  const bytes = (files: string[]) =>
    files.reduce((sum, file) => sum + Deno.statSync(new URL(file, root)).size, 0);
  return [...folders].sort(([, a], [, b]) => bytes(b) - bytes(a));
}

async function test(name: string, args: readonly string[]): Promise<void> {
  const started = performance.now();
  const junit = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    const ok = await deno(
      ["test", "--no-check", "-A", "--no-prompt", ...offline, `--junit-path=${junit}`, ...args],
      full ? { GYRUS_TEST_FULL: "1" } : {},
    );
    const results = await Deno.readTextFile(junit);
    const [suites] = results.match(/<testsuites [^>]*>/) ?? [""];
    const count = (of: string) => Number(suites.match(new RegExp(`\\b${of}="(\\d+)"`))?.[1] ?? 0);
    const ignored = results.match(/<skipped\/>/g)?.length ?? 0;
    const broken = count("failures") + count("errors");
    passed += count("tests") - broken - ignored;
    // A module that does not load fails the run without failing a test.
    failed += !ok && broken === 0 ? 1 : broken;
    report(`${name}, ${count("tests")} tests${ignored ? `, ${ignored} ignored` : ""}`, ok, started);
  } finally {
    await Deno.remove(junit);
  }
}

const waiting: (() => Promise<void>)[] = [
  () => check("types", ["check", "--quiet", "--doc", ...offline, "."]),
  () => check("format", ["fmt", "--check"]),
  () => check("lint", ["lint", "--quiet"]),
  () => check("doc", ["doc", "--quiet", "--lint", "mod.ts"]),
  ...testFolders().map(([name, files]) => () => test(name, files)),
  () => test("examples", ["--doc", "mod.ts", "README.md", "docs", "src", "kernels"]),
];
await Promise.all(Array.from({ length: PROCESSES }, async () => {
  for (let next = waiting.shift(); next; next = waiting.shift()) await next();
}));

console.log(`${passed} passed, ${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);
