import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Arena } from "../../src/gpu/arena.ts";
import {
  classifyAdapter,
  type Device,
  type DeviceBuffer,
  openDevice,
} from "../../src/gpu/device.ts";
import { defineKernel } from "../../src/gpu/kernel.ts";
import { Pacer } from "../../src/gpu/pacer.ts";
import { type Operand, ProgramBuilder, slice } from "../../src/gpu/program.ts";
import { openParts } from "../../src/gpu/parts.ts";
import { Uniforms } from "../../src/gpu/uniforms.ts";
import { DeviceError } from "../../src/errors.ts";
import { asClass } from "./adapters.ts";
import { limitedDevice } from "./limited_device.ts";

const affine = defineKernel({
  name: "affine",
  source: `
struct Params { factor: f32 }
const SHIFT: f32 = 0.0;
const SCALED: bool = true;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;
@compute @workgroup_size(16) fn apply(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= arrayLength(&x)) { return; }
  var v = x[id.x];
  if (SCALED) { v *= params.factor; }
  y[id.x] = v + SHIFT;
}`,
  constants: ["SHIFT", "SCALED"],
  params: { factor: "f32" },
  entries: { apply: { x: "read", y: "read_write", params: "uniform" } },
});

async function withDevice(work: (device: Device) => Promise<void>): Promise<void> {
  const device = await openDevice();
  try {
    await work(device);
  } finally {
    device.destroy();
  }
}

Deno.test("a program runs its operations in order, with values that change between runs", async () => {
  await withDevice(async (device) => {
    const input = device.buffer("input", new Float32Array([1, 2, 3, 4, 5, 6, 7, 8]));
    const output = device.buffer("output", 32);
    const uniforms = new Uniforms(device, "factor", { factor: "f32" });
    const builder = new ProgramBuilder(device, "test");
    const middle = builder.tensor("middle", 32);
    builder.dispatch(affine, "apply", {
      constants: { SHIFT: 1 },
      bindings: { x: input, y: middle, params: uniforms.buffer },
      workgroups: [1],
    });
    builder.dispatch(affine, "apply", {
      constants: { SHIFT: -1, SCALED: false },
      bindings: { x: middle, y: output },
      workgroups: [1],
    });
    const program = await builder.build();
    const pacer = new Pacer(device);
    for (let step = 1; step <= 5; step++) {
      uniforms.set({ factor: step });
      program.run();
      await pacer.submitted();
    }
    await pacer.idle();
    assertEquals([...await device.readFloats(output)], [5, 10, 15, 20, 25, 30, 35, 40]);
    const timings = await program.profile();
    assertEquals(timings.map((t) => t.kernel), ["affine.apply", "affine.apply"]);
  });
});

Deno.test("what depends on constants alone is computed once", async () => {
  await withDevice(async (device) => {
    const weights = device.buffer("weights", new Float32Array(8).fill(2));
    const input = device.buffer("input", new Float32Array(8).fill(10));
    const output = device.buffer("output", 32);
    const shift = (builder: ProgramBuilder, SHIFT: number, x: Operand, y: Operand) =>
      builder.dispatch(affine, "apply", {
        constants: { SHIFT, SCALED: false },
        bindings: { x, y },
        workgroups: [1],
      });
    const builder = new ProgramBuilder(device, "constants", new Set([weights]));
    const [shifted, copied, fresh] = ["shifted", "copied", "fresh"].map((label) =>
      builder.tensor(label, 32)
    );
    shift(builder, 1, input, fresh);
    shift(builder, 5, weights, shifted);
    builder.copy(shifted, copied);
    shift(builder, 0, fresh, output);
    builder.copy(slice(copied, 0, 16), slice(output, 0, 16));
    const program = await builder.build();

    program.run();
    assertEquals([...await device.readFloats(output)], [7, 7, 7, 7, 11, 11, 11, 11]);
    device.write(weights, new Float32Array(8).fill(3));
    device.write(input, new Float32Array(8).fill(20));
    program.runAgain();
    assertEquals([...await device.readFloats(output)], [7, 7, 7, 7, 21, 21, 21, 21]);
    program.run();
    assertEquals([...await device.readFloats(output)], [8, 8, 8, 8, 21, 21, 21, 21]);
  });
});

Deno.test("a program may not write a constant", async () => {
  await withDevice(async (device) => {
    const weights = device.buffer("weights", 32);
    const builder = new ProgramBuilder(device, "constants", new Set([weights]));
    builder.clear(weights);
    await assertRejects(() => builder.build(), TypeError, "clear weights writes weights");
  });
});

Deno.test("programs of one arena share buffers and textures", async () => {
  await withDevice(async (device) => {
    const arena = new Arena(device);
    const input = device.buffer("input", Float32Array.from({ length: 256 }, (_, i) => i));
    for (let round = 0; round < 2; round++) {
      const builder = new ProgramBuilder(device, "copy");
      builder.texels(input);
      const tensor = builder.tensor("a", 1024);
      builder.copy(input, tensor);
      builder.clear(slice(tensor, 0, 256));
      await (await builder.build(arena)).run();
      assertEquals(arena.bytes, 1024 + 3 * 2048 * 16);
    }
    arena.destroy();
  });
});

Deno.test("parallel interleaves branches and keeps each branch's order", async () => {
  await withDevice(async (device) => {
    const uniforms = new Uniforms(device, "factor", { factor: "f32" });
    uniforms.set({ factor: 2 });
    const outputs = [0, 1].map((i) => device.buffer(`out${i}`, 32));
    const inputs = [1, 10].map((v) => device.buffer(`in${v}`, new Float32Array(8).fill(v)));
    const builder = new ProgramBuilder(device, "branches");
    builder.parallel([0, 1].map((i) => () => {
      const t = builder.tensor(`t${i}`, 32);
      const params = uniforms.buffer;
      builder.dispatch(affine, "apply", {
        bindings: { x: inputs[i], y: t, params },
        workgroups: [1],
        label: `first ${i}`,
      });
      builder.dispatch(affine, "apply", {
        constants: { SHIFT: i },
        bindings: { x: t, y: outputs[i], params },
        workgroups: [1],
        label: `second ${i}`,
      });
    }));
    const program = await builder.build();
    assertEquals((await program.profile()).map((t) => t.label), [
      "first 0",
      "first 1",
      "second 0",
      "second 1",
    ]);
    assertEquals((await device.readFloats(outputs[0]))[0], 4);
    assertEquals((await device.readFloats(outputs[1]))[0], 41);
  });
});

Deno.test("branches that do the same on parts of one buffer are one dispatch each", async () => {
  await withDevice(async (opened) => {
    const device = asClass(opened, "discrete");
    const branches = [0, 1, 2];
    const uniforms = Uniforms.sideBySide(device, "factor", { factor: "f32" }, branches.length);
    uniforms.forEach((uniform, i) => uniform.set({ factor: 2 + i }));
    const inputs = openParts(
      device,
      "in",
      branches.map((i) => Float32Array.from({ length: 40 }, (_, at) => 100 * i + at)),
    );
    const outputs = openParts(device, "out", branches.map(() => 160));
    const shared = device.buffer("of all", new Float32Array(40).fill(7));
    const last = device.buffer("of the last that writes", 160);
    const builder = new ProgramBuilder(device, "branches");
    builder.parallel(branches.map((i) => () => {
      const t = builder.tensor("t", 160);
      const params = uniforms[i].buffer;
      const work = { workgroups: [3] as const };
      builder.dispatch(affine, "apply", { bindings: { x: inputs[i], y: t, params }, ...work });
      const constants = { SHIFT: 0.5, SCALED: false };
      builder.dispatch(affine, "apply", { constants, bindings: { x: t, y: outputs[i] }, ...work });
      // All write one buffer.
      builder.dispatch(affine, "apply", {
        bindings: { x: shared, y: last, params },
        ...work,
      });
    }));
    const program = await builder.build();
    assertEquals(program.length, 1 + 1 + 3);
    program.run();
    for (const i of branches) {
      const expected = Array.from({ length: 40 }, (_, at) => (100 * i + at) * (2 + i) + 0.5);
      assertEquals([...await device.readFloats(outputs[i])], expected);
    }
    assertEquals((await device.readFloats(last))[39], 28);
  });
});

Deno.test("branches of other constants, and parts beyond a binding, stay dispatches of their own", async () => {
  await withDevice(async (opened) => {
    const device = limitedDevice(asClass(opened, "discrete"), {
      maxStorageBufferBindingSize: 600,
    });
    const runs = async (bytes: number, shifts: readonly number[]) => {
      const contents = shifts.map((_, i) => new Float32Array(bytes / 4).fill(i));
      const inputs = openParts(device, "in", contents);
      const outputs = openParts(device, "out", shifts.map(() => bytes));
      const builder = new ProgramBuilder(device, "branches");
      builder.parallel(shifts.map((SHIFT, i) => () => {
        builder.dispatch(affine, "apply", {
          constants: { SHIFT, SCALED: false },
          bindings: { x: inputs[i], y: outputs[i] },
          workgroups: [Math.ceil(bytes / 64)],
        });
      }));
      const program = await builder.build();
      program.run();
      for (const [i, output] of outputs.entries()) {
        const expected = new Array(bytes / 4).fill(i + shifts[i]);
        assertEquals([...await device.readFloats(output)], expected);
      }
      return program.length;
    };
    assertEquals(await runs(160, [3, 3]), 1);
    assertEquals(await runs(160, [3, 4]), 2);
    assertEquals(await runs(320, [3, 3]), 2);
  });
});

Deno.test("a tensor of float16 takes half of the memory and rounds what it holds, in branches too", async () => {
  await withDevice(async (opened) => {
    const device = asClass(opened, "discrete");
    const branches = [0, 1];
    const contents = branches.map((i) => Float32Array.from({ length: 40 }, (_, at) => at / 7 + i));
    const inputs = openParts(device, "in", contents);
    const outputs = openParts(device, "out", branches.map(() => 160));
    const arena = new Arena(device);
    const builder = new ProgramBuilder(device, "float16");
    builder.parallel(branches.map((i) => () => {
      const t = builder.tensor("t", 160, "f16");
      const constants = { SCALED: false };
      const workgroups = [3] as const;
      builder.dispatch(affine, "apply", {
        constants,
        bindings: { x: inputs[i], y: t },
        workgroups,
      });
      builder.dispatch(affine, "apply", {
        constants,
        bindings: { x: t, y: outputs[i] },
        workgroups,
      });
    }));
    const program = await builder.build(arena);
    assertEquals(program.length, 2);
    // Two parts that begin at multiples of 256 bytes.
    assertEquals(arena.bytes, 512);
    program.run();
    for (const i of branches) {
      const found = await device.readFloats(outputs[i]);
      found.forEach((value, at) => {
        const error = Math.abs(value - contents[i][at]);
        assert(error <= contents[i][at] / 2048, `${value}, not ${contents[i][at]}`);
      });
      assert(found.some((value, at) => value !== contents[i][at]));
    }
    assertThrows(
      () => builder.copy(builder.tensor("t", 160, "f16"), outputs[0]),
      TypeError,
      "are stored by different types",
    );
    arena.destroy();
  });
});

const doubled = defineKernel({
  name: "doubled",
  source: `
// texels
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
// texels
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(1) fn add() { y[0] = y[0] + 2.0 * x[0]; }`,
  constants: [],
  entries: { add: { x: "read", y: "read_write" } },
});

Deno.test("texels are copied once until something overwrites the buffer, in each branch apart", async () => {
  await withDevice(async (device) => {
    const four = (value: number) => new Float32Array(4).fill(value);
    const [x, y] = [device.buffer("x", four(1)), device.buffer("y", four(0))];
    const z = device.buffer("z", four(0));
    const builder = new ProgramBuilder(device, "texels");
    const add = (from: DeviceBuffer, to: DeviceBuffer) =>
      builder.dispatch(doubled, "add", { bindings: { x: from, y: to }, workgroups: [1] });
    add(x, y); // y = 2; copies x and y
    add(x, y); // y = 4; copies y
    add(y, x); // x = 9; copies y
    add(x, y); // y = 22; copies x
    const before = await builder.build();
    assertEquals(before.length, 4 + 5);
    builder.parallel([() => add(x, y), () => add(x, z)]); // each copies what it reads
    const program = await builder.build();
    assertEquals(program.length, before.length + 2 + 4);
    program.run();
    assertEquals([...await device.readFloats(x)], [9, 9, 9, 9]);
    assertEquals([...await device.readFloats(y)], [40, 40, 40, 40]);
  });
});

Deno.test("recording refuses wrong bindings, aliasing, oversize and reading before writing", async () => {
  await withDevice(async (device) => {
    const builder = new ProgramBuilder(device, "wrong");
    const x = builder.tensor("x", 64);
    const y = builder.tensor("y", 64);
    const constants = { SCALED: false };
    const workgroups = [1] as const;
    assertThrows(
      () => builder.dispatch(affine, "apply", { constants, bindings: { x }, workgroups }),
      TypeError,
      "affine.apply needs binding y",
    );
    assertThrows(
      () => builder.dispatch(affine, "apply", { constants, bindings: { x, y: x }, workgroups }),
      TypeError,
      "through two bindings",
    );
    assertThrows(
      () =>
        builder.dispatch(affine, "apply", { constants, bindings: { x, y }, workgroups: [70000] }),
      DeviceError,
      "a grid of 70000x1x1",
    );
    assertThrows(() => builder.tensor("huge", 1e12), DeviceError, '"huge" needs 931.32 GiB');
    builder.dispatch(affine, "apply", { constants, bindings: { x, y }, workgroups });
    await assertRejects(() => builder.build(), TypeError, '"x" is read before anything writes it');
  });
});

Deno.test("a kernel that does not compile gives a DeviceError with kernel and line", async () => {
  await withDevice(async (device) => {
    const broken = defineKernel({
      name: "broken",
      source: `@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(1) fn main() {
  y[0] = missing;
}`,
      constants: [],
      entries: { main: { y: "read_write" } },
    });
    const builder = new ProgramBuilder(device, "broken");
    const y = builder.tensor("y", 64);
    builder.dispatch(broken, "main", { bindings: { y }, workgroups: [1] });
    const error = await assertRejects(() => builder.build(), DeviceError, "missing");
    assertEquals([error.kernel, error.line], ["broken.main", 3]);
  });
});

Deno.test("a lost device is a DeviceError that explains how to go on", async () => {
  const device = await openDevice();
  const buffer = device.buffer("b", 64);
  device.gpu.destroy();
  await device.gpu.lost;
  await assertRejects(() => device.read(buffer), DeviceError, "last checkpoint");
});

Deno.test("classifyAdapter distinguishes software, integrated and discrete adapters", () => {
  const info = {
    architecture: "",
    device: "",
    subgroupMinSize: 8,
    isFallbackAdapter: false,
  };
  const classOf = (vendor: string, description: string) =>
    classifyAdapter({ ...info, vendor, description });
  assertEquals(classOf("65541", "llvmpipe (LLVM 15.0.6, 512 bits)"), "software");
  assertEquals(classOf("4318", "NVIDIA H200"), "discrete");
  assertEquals(classOf("4098", "AMD Radeon RX 7900 XTX (RADV NAVI31)"), "discrete");
  assertEquals(classOf("4098", "AMD Radeon 780M Graphics (RADV PHOENIX)"), "integrated");
  assertEquals(classOf("32902", "Intel(R) Iris(R) Xe Graphics"), "integrated");
  assertEquals(classOf("32902", "Intel(R) Arc(TM) A770 Graphics"), "discrete");
  assertEquals(classOf("0", "Apple M2"), "integrated");
});
