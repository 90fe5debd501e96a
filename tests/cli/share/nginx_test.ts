/**
 * Two machines and a cache on nginx between them: the second reproduces the report by downloads alone.
 * The short form does so with a small workflow, the long one also with the tutorial.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { ReportData } from "../../../src/report/data.ts";
import { dataOf } from "../../report/report_file.ts";
import { call, type Called, launcher, Project } from "../project.ts";
import { findNginx, type Nginx, startNginx } from "./nginx.ts";

const full = Deno.env.get("GYRUS_TEST_FULL") === "1";
const program = findNginx();
const TOKEN = "a-token-of-a-lab";
const SECRET = "a secret of the lab, which the server never sees".replaceAll(" ", "_");

/** Heads, labels and folds. */
const SMALL = `version = 1

[steps.caps]
uses = "generate.phantom"
with = { n_subjects = 4, image_size = 32 }

[steps.labels]
uses = "labels.get"
in.caps = "caps"

[steps.folds]
uses = "split.kfold"
in.labels = "labels"
with.n_splits = 2
`;

/** A project folder as the machine of one member of a lab. */
class Machine {
  readonly folder: string;

  constructor(root: string, name: string, readonly cache: string, readonly token: string) {
    this.folder = `${root}/${name}`;
    Deno.mkdirSync(this.folder);
  }

  async write(name: string): Promise<void> {
    const file = new URL(`../../../workflows/${name}`, import.meta.url);
    const text = name === "small.toml" ? SMALL : await Deno.readTextFile(file);
    await Deno.writeTextFile(`${this.folder}/${name}`, text);
  }

  gyrus(...args: string[]): Promise<Called> {
    const env = { GYRUS_CACHE: this.cache, GYRUS_CACHE_TOKEN: this.token };
    return call(launcher, args, { cwd: this.folder, env });
  }

  /** Of the newest run that has a report. */
  async report(): Promise<ReportData> {
    const runs = [...Deno.readDirSync(`${this.folder}/.gyrus/runs`)].map(({ name }) => name)
      .filter((name) => /^\d{4}-/.test(name)).sort().reverse();
    for (const run of runs) {
      const path = `${this.folder}/.gyrus/runs/${run}/report.html`;
      if (await Deno.stat(path).then(() => true, () => false)) return await dataOf(path);
    }
    throw new Error("there is no report");
  }
}

/** What does not depend on when and where a run was made. */
function resultsOf(data: ReportData): Partial<ReportData> {
  const { curves, evaluations, registrations, cohorts, samples, mistakes, attributions } = data;
  return { curves, evaluations, registrations, cohorts, samples, mistakes, attributions };
}

async function withLab(test: (root: string, nginx: Nginx, token: string) => Promise<void>) {
  await using project = await Project.make("lab");
  const { root } = project;
  const token = `${root}/token`;
  await Deno.writeTextFile(token, `${TOKEN}\n${SECRET}\n`, { mode: 0o600 });
  await Deno.mkdir(`${root}/nginx`);
  const nginx = await startNginx(program!, `${root}/nginx`, TOKEN);
  try {
    await test(root, nginx, token);
  } finally {
    await nginx.close();
  }
}

/** Runs a workflow on one machine, and on another that has the first one's results from the server. */
async function reproduce(
  workflow: string,
  options: readonly string[],
  root: string,
  nginx: Nginx,
  token: string,
): Promise<void> {
  const cache = `.gyrus,${nginx.address}`;
  const [first, second] = ["first", "second"].map((name) => new Machine(root, name, cache, token));
  await first.write(workflow);
  await second.write(workflow);
  const pushed = await first.gyrus(
    "run",
    workflow,
    ...options,
    "--push",
    "--images",
    "--participants",
  );
  assertEquals(pushed.code, 0, pushed.err);
  assertMatch(pushed.out, /sent \d+ records and \d+ objects/);
  assertStringIncludes(
    pushed.err,
    `this call may connect to ${new URL(nginx.address).host} and to no other`,
  );
  const copied = await second.gyrus("run", workflow, ...options);
  assertEquals(copied.code, 0, copied.err);
  assertMatch(copied.out, /nothing to do: \d+ cached/);
  assertMatch(copied.out, /\d+ results from http/);
  assertEquals(resultsOf(await second.report()), resultsOf(await first.report()));
  const shown = await second.gyrus("show", workflow, "latest", "caps");
  assertStringIncludes(shown.out, `from ${nginx.address}`);
  // The folder keeps it all when the server is gone.
  const alone = await call(launcher, ["run", workflow, ...options], { cwd: second.folder });
  assertMatch(alone.out, /nothing to do/);
}

Deno.test({
  name: "a second machine makes a report by downloads alone",
  ignore: program === undefined,
  fn: () => withLab((root, nginx, token) => reproduce("small.toml", [], root, nginx, token)),
});

const SMALL_TUTORIAL = [
  "params.n_subjects=10",
  "params.n_splits=2",
  "params.epochs=1",
  "single.batch_size=16",
  "caps.image_size=32",
  "slices.slices=[14,18]",
  "split.n_test=4",
  "split.p_age_threshold=0.1",
  "split.p_sex_threshold=0.1",
].flatMap((override) => ["--set", override]);

Deno.test({
  name: "a second machine makes the tutorial's report by downloads alone",
  ignore: program === undefined || !full,
  fn: () =>
    withLab((root, nginx, token) => reproduce("tutorial.toml", SMALL_TUTORIAL, root, nginx, token)),
});

Deno.test({
  name: "no image and no row of a person leaves by default, and a dry run lists what would",
  ignore: program === undefined,
  fn: () =>
    withLab(async (root, nginx, token) => {
      const machine = new Machine(root, "first", `.gyrus,${nginx.address}`, token);
      await machine.write("small.toml");
      assertEquals((await machine.gyrus("run", "small.toml")).code, 0);
      const dry = await machine.gyrus("cache", "push", "small.toml", "latest", "--dry-run");
      assertMatch(dry.out, /\d+ objects \([\d.]+ KiB\) and 3 records would leave/);
      assertMatch(dry.out, /files \(.+\) stay without --images, such as caps\.caps/);
      assertEquals([...Deno.readDirSync(nginx.files)], []);
      const pushed = await machine.gyrus("cache", "push", "small.toml");
      assertEquals(pushed.code, 0, pushed.err);
      for await (const text of textsBelow(nginx.files)) {
        assert(!/sub-|participant_id/.test(text), text.slice(0, 200));
        assert(!text.includes(root), text.slice(0, 200));
      }
      const id = pushedRun(nginx.files);
      const other = new Machine(root, "second", `.gyrus,${nginx.address}`, token);
      await other.write("small.toml");
      const pulled = await other.gyrus("cache", "pull", "small.toml", id);
      assertEquals(pulled.code, 0, pulled.err);
      assertStringIncludes(pulled.out, "not all of caps, labels, folds is on the server");
      assertStringIncludes((await other.gyrus("show", "small.toml", id)).out, `run ${id}: done`);
      const targets = await other.gyrus("cache", "pull", "small.toml", "labels");
      assertEquals(targets.code, 1);
      assertStringIncludes(targets.out, "not all of caps, labels is on the server");
      const others = await other.gyrus(
        "cache",
        "pull",
        "small.toml",
        "labels",
        "--set",
        "caps.seed=7",
      );
      assertStringIncludes(others.out, "0 instances here");
      assertMatch(
        (await other.gyrus("cache", "verify", "small.toml")).out,
        /3 results from .* without all/,
      );
    }),
});

Deno.test({
  name: "a wrong token, and bytes that a proxy changes, cost a computation and one line",
  ignore: program === undefined,
  fn: () =>
    withLab(async (root, nginx, token) => {
      const first = new Machine(root, "first", `.gyrus,${nginx.address}`, token);
      await first.write("small.toml");
      const all = ["--push", "--images", "--participants"];
      assertEquals((await first.gyrus("run", "small.toml", ...all)).code, 0);
      const stranger = `${root}/stranger`;
      await Deno.writeTextFile(stranger, "guessed\n", { mode: 0o644 });
      const second = new Machine(root, "second", `.gyrus,${nginx.address}`, stranger);
      await second.write("small.toml");
      const refused = await second.gyrus("run", "small.toml", "--quiet");
      assertEquals(refused.code, 0, refused.err);
      assertStringIncludes(refused.err, `run chmod 600 ${stranger}`);
      assertEquals(refused.err.match(/refuses the token/g)?.length, 1, refused.err);
      const proxy = Deno.serve(
        { port: 0, hostname: "127.0.0.1", onListen() {} },
        async (request) => {
          const { pathname } = new URL(request.url);
          const answer = await fetch(new URL(pathname, nginx.address), {
            headers: request.headers,
          });
          const bytes = new Uint8Array(await answer.arrayBuffer());
          if (pathname.includes("/objects/")) bytes[bytes.length >> 1] ^= 1;
          return new Response(bytes, { status: answer.status });
        },
      );
      const third = new Machine(
        root,
        "third",
        `.gyrus,http://127.0.0.1:${proxy.addr.port}/gyrus`,
        token,
      );
      await third.write("small.toml");
      const changed = await third.gyrus("run", "small.toml", "--quiet");
      await proxy.shutdown();
      assertEquals(changed.code, 0, changed.err);
      assertEquals(
        changed.err.match(/what it would have had is computed/g)?.length,
        1,
        changed.err,
      );
      for (const machine of [second, third]) {
        assertEquals(resultsOf(await machine.report()), resultsOf(await first.report()));
      }
    }),
});

async function* textsBelow(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* textsBelow(`${folder}/${name}`);
    else yield await Deno.readTextFile(`${folder}/${name}`);
  }
}

function pushedRun(files: string): string {
  const [{ name }] = Deno.readDirSync(`${files}/records/runs`);
  return name.replace(/\.json$/, "");
}
