/**
 * A program is built but not run in a process whose driver has an empty cache on disk: what is in the
 * cache afterwards was compiled ahead.
 */
import { assertEquals } from "@std/assert";
import { openDevice } from "../../src/gpu/device.ts";
import { defineKernel } from "../../src/gpu/kernel.ts";
import { ProgramBuilder } from "../../src/gpu/program.ts";

/** Two texture reads, one buffer of each access, and a loop that ends with a uniform. */
const polynomial = defineKernel({
  name: "polynomial",
  source: `
struct Params { terms: u32 }
const DEGREE: u32 = 1u;
@group(0) @binding(0) var<uniform> params: Params;
// texels
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> factors: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(8) fn main(@builtin(global_invocation_id) id: vec3u) {
  var sum = vec4f();
  for (var i = 0u; i < params.terms; i++) {
    var power = vec4f(factors[i]);
    // unroll
    for (var d = 0u; d < DEGREE; d++) { power = sqrt(power * x[id.x] + x[id.x + d]); }
    sum += power;
  }
  y[id.x] = sum;
}`,
  constants: ["DEGREE"],
  params: { terms: "u32" },
  entries: {
    main: { params: "uniform", x: "read", factors: "read", y: "read_write" },
  },
});

const degrees = Array.from({ length: 12 }, (_, i) => 4 + 8 * i);

/** Builds a program of one kernel a degree, runs it when asked, and prints the progress it reported. */
async function build(run: boolean): Promise<void> {
  const device = await openDevice();
  const x = device.buffer("x", new Float32Array(1024).fill(1));
  const factors = device.buffer("factors", new Float32Array(64).fill(1));
  const params = device.buffer("params", Uint32Array.of(64, 0, 0, 0), GPUBufferUsage.UNIFORM);
  const builder = new ProgramBuilder(device, "test");
  for (const DEGREE of degrees) {
    const y = device.buffer(`y ${DEGREE}`, 4096);
    builder.dispatch(polynomial, "main", {
      constants: { DEGREE },
      bindings: { params, x, factors, y },
      workgroups: [4],
    });
  }
  const progress: string[] = [];
  const program = await builder.build(undefined, (done, all) => progress.push(`${done}/${all}`));
  if (run) {
    program.run();
    await device.gpu.queue.onSubmittedWorkDone();
  }
  device.destroy();
  console.log(progress.join(" "));
}

/** Files that the driver keeps of compiled kernels after a process has built the program. */
async function compiled(cache: string, run: boolean): Promise<{ files: number; output: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", new URL(import.meta.url).pathname, ...(run ? ["run"] : [])],
    env: { MESA_SHADER_CACHE_DIR: cache },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  assertEquals(code, 0, text(stderr));
  let files = 0;
  const count = async (folder: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (isDirectory) await count(`${folder}/${name}`);
      else if (name !== "index" && name !== "marker") files++;
    }
  };
  await count(cache);
  return { files, output: text(stdout) };
}

if (import.meta.main) {
  await build(Deno.args[0] === "run");
} else {
  Deno.test("kernels of a software adapter are compiled, each once, before their program runs", async () => {
    const device = await openDevice();
    const software = device.class === "software";
    device.destroy();
    if (!software) return;
    const cache = await Deno.makeTempDir();
    try {
      const built = await compiled(cache, false);
      assertEquals(built.output.split(" ").at(-1), `${degrees.length}/${degrees.length}`);
      assertEquals(built.files, degrees.length);
      assertEquals((await compiled(cache, true)).files, degrees.length, "running compiled more");
    } finally {
      await Deno.remove(cache, { recursive: true });
    }
  });
}
