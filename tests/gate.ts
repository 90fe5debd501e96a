/**
 * `./gyrus test`: everything that must hold before a change is shared. Prints what fails and, at
 * the end, `N passed, N failed`, where format, lint, doc and types count as one each.
 */
const full = Deno.args.includes("--full");
const unknown = Deno.args.filter((argument) => argument !== "--full");
if (unknown.length > 0) {
  console.error(`unknown argument ${unknown[0]}; usage: gyrus test [--full]`);
  Deno.exit(2);
}

const root = new URL("..", import.meta.url);
const offline = ["--cached-only", "--no-remote", "--frozen"];

async function deno(args: readonly string[], env: Record<string, string> = {}): Promise<boolean> {
  const command = new Deno.Command(Deno.execPath(), { args: [...args], cwd: root, env });
  return (await command.spawn().status).success;
}

let passed = 0;
let failed = 0;

async function gate(name: string, args: readonly string[]): Promise<void> {
  const started = performance.now();
  const ok = await deno(args);
  ok ? passed++ : failed++;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${ok ? "ok" : "FAILED"}: ${name} (${seconds} s)`);
}

await Promise.all([
  gate("format", ["fmt", "--check"]),
  gate("lint", ["lint", "--quiet"]),
  gate("doc", ["doc", "--quiet", "--lint", "mod.ts"]),
  gate("types", ["check", "--quiet", "--doc", ...offline, "."]),
]);

const report = await Deno.makeTempFile({ suffix: ".xml" });
try {
  const ok = await deno(
    ["test", "--doc", "--no-check", "-A", "--no-prompt", ...offline, `--junit-path=${report}`],
    full ? { GYRUS_TEST_FULL: "1" } : {},
  );
  const [suites] = (await Deno.readTextFile(report)).match(/<testsuites [^>]*>/) ?? [""];
  const count = (name: string) => Number(suites.match(new RegExp(`\\b${name}="(\\d+)"`))?.[1] ?? 0);
  const broken = count("failures") + count("errors");
  passed += count("tests") - broken;
  // A module that does not load fails the run without failing a test.
  failed += !ok && broken === 0 ? 1 : broken;
} finally {
  await Deno.remove(report);
}

// Dawn ends its last remark without a line break.
console.log(`\n${passed} passed, ${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);
