import { assert, assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { PickleGlobal } from "../../src/formats/pickle.ts";
import { isTensor, type Tensor, toFloat32 } from "../../src/formats/tensor.ts";
import {
  readTorch,
  stateDict,
  unwrapNames,
  writeTorch,
} from "../../src/formats/torch_checkpoint.ts";
import { writeZip } from "../../src/formats/zip.ts";
import { readMutants } from "./mutation.ts";

const fixtures = new URL("../fixtures/formats/", import.meta.url);
const fixture = (name: string): Uint8Array<ArrayBuffer> =>
  Deno.readFileSync(new URL(name, fixtures));

interface Described {
  dtype: string;
  shape: number[];
  values: (number | boolean)[];
}
const expected: {
  state: Record<string, Described>;
  views: Record<string, Described>;
  first_moment: Described;
} = JSON.parse(Deno.readTextFileSync(new URL("torch.json", fixtures)));

function assertTensor(tensor: Tensor, { dtype, shape, values }: Described, name: string): void {
  assertEquals([tensor.dtype, tensor.shape], [dtype, shape], name);
  const exact = dtype === "float32" ? (value: number) => Math.fround(value) : Number;
  assertEquals([...tensor.data].map(Number), values.map(Number).map(exact), name);
}

function assertTensors(read: Map<string, Tensor>, all: Record<string, Described>): void {
  assertEquals([...read.keys()], Object.keys(all));
  for (const [name, tensor] of read) assertTensor(tensor, all[name], name);
}

function entry(value: unknown, ...path: (string | number)[]): unknown {
  return path.reduce((inner, key) => {
    if (Array.isArray(inner)) return inner[Number(key)];
    assert(inner instanceof Map, `no dictionary holds ${key}`);
    return inner.get(key);
  }, value);
}

for (const name of ["state_dict.pt", "state_dict_stream.pth"]) {
  Deno.test(`readTorch reads the state dict in ${name}`, () => {
    assertTensors(stateDict(readTorch(fixture(name), name), name), expected.state);
  });
}

for (const name of ["views.pt", "views_stream.pth"]) {
  Deno.test(`readTorch reads every dtype and views that share a storage in ${name}`, () => {
    assertTensors(stateDict(readTorch(fixture(name), name), name), expected.views);
  });
}

Deno.test("readTorch reads a training state: nested dicts, floats, text, parameters", () => {
  const value = readTorch(fixture("training.pth.tar"), "training.pth.tar");
  assertEquals(entry(value, "epoch"), 7);
  assertEquals(entry(value, "name"), "réseau");
  assertEquals(entry(value, "optimizer", "param_groups", 0, "lr"), 0.01);
  assertEquals(entry(value, "optimizer", "param_groups", 0, "betas"), [0.9, 0.999]);
  const moment = entry(value, "optimizer", "state", 0, "exp_avg") as Tensor;
  assertTensor(moment, expected.first_moment, "exp_avg");
  assertEquals([...(entry(value, "parameter") as Tensor).data], [1, 1]);
});

Deno.test("stateDict drops the prefix of data-parallel training", () => {
  const name = "training.pth.tar";
  assertTensors(stateDict(readTorch(fixture(name), name), name), expected.state);
});

/** What PyTorch's `weights_only=True` reads of the files of `make_torch_current.py`. */
const current: {
  network: Record<string, number[]>;
  half: Record<string, number[]>;
  values: Record<string, unknown>;
} = JSON.parse(Deno.readTextFileSync(new URL("torch_current.json", fixtures)));

const floats = (tensors: ReadonlyMap<string, Tensor>) =>
  Object.fromEntries([...tensors].map(([name, tensor]) => [name, [...toFloat32(tensor)]]));

for (
  const [name, situation] of [
    ["compiled.pt", "a compiled data-parallel network under `net`"],
    ["held.pt", "a data-parallel network within another module"],
    ["averaged.pt", "weights averaged by AveragedModel"],
    ["averaged_compiled.pt", "a compiled AveragedModel"],
  ]
) {
  Deno.test(`stateDict gives the tensors of ${situation} the names of the network`, () => {
    const read = floats(stateDict(readTorch(fixture(name), name), name));
    assertEquals(Object.keys(read), Object.keys(current.network));
    for (const [key, values] of Object.entries(current.network)) {
      assertEquals(read[key], values.map(Math.fround), key);
    }
  });
}

Deno.test("readTorch reads bfloat16, devices, sets, bytes, dtypes, counters as weights_only does", () => {
  const value = readTorch(fixture("values.pt"), "values.pt");
  assertEquals(floats(stateDict(value, "values.pt")), current.half);
  const plain = (found: unknown): unknown => {
    if (found instanceof Map) return Object.fromEntries(found);
    if (found instanceof PickleGlobal) return found.name;
    if (found instanceof Uint8Array) return [...found];
    if (Array.isArray(found)) return [...found].sort();
    return isTensor(found) ? [...toFloat32(found)] : found;
  };
  for (const [key, expectedValue] of Object.entries(current.values)) {
    assertEquals(plain(entry(value, key)), expectedValue, key);
  }
});

Deno.test("stateDict refuses to choose between several state dicts", () => {
  const model = { weight: { dtype: "float32", shape: [1], data: Float32Array.of(1) } } as const;
  const value = readTorch(writeTorch({ generator: model, critic: model, epoch: 1 }), "gan.pt");
  assertThrows(
    () => stateDict(value, "gan.pt"),
    DataError,
    'gan.pt: holds several state dicts ("generator", "critic"); save the one to use alone',
  );
});

Deno.test("a prefix that only some tensors have is a part of their names", () => {
  const weight: Tensor = { dtype: "float32", shape: [1], data: Float32Array.of(1) };
  const names = (...given: string[]) => [
    ...unwrapNames(new Map(given.map((name) => [name, weight]))).keys(),
  ];
  assertEquals(names("module.a", "b"), ["module.a", "b"]);
  assertEquals(names("n_averaged", "model.a"), ["n_averaged", "model.a"]);
  assertEquals(names("net._orig_mod.module.a", "net._orig_mod.module.b"), ["a", "b"]);
});

Deno.test("readTorch reads parameters as PyTorch pickled them in 2017", () => {
  const value = readTorch(fixture("parameters_2017.pth"), "parameters_2017.pth");
  const read = stateDict(value, "parameters_2017.pth");
  assertEquals(read.get("conv1.weight"), {
    dtype: "float32",
    shape: [2, 3],
    data: Float32Array.of(0, 1, 2, 3, 4, 5),
  });
  assertEquals([...toFloat32(read.get("bn1.running_mean")!)], [0.5, 0.25]);
});

Deno.test("readTorch calls nothing: a pickle that names a function is refused by that name", () => {
  assertThrows(
    () => readTorch(fixture("danger.pt"), "danger.pt"),
    DataError,
    "danger.pt: names __builtin__.print",
  );
});

Deno.test("readTorch refuses files that are no checkpoints, and reports why", () => {
  const cases: [string, Uint8Array<ArrayBuffer>][] = [
    ["begins neither like", new TextEncoder().encode("hello")],
    ["begins neither like", new Uint8Array(0)],
    ["has no data.pkl", writeZip([{ name: "word/document.xml", bytes: new Uint8Array(3) }])],
    ["has no end record", fixture("state_dict.pt").subarray(0, 1000)],
    ["truncated", fixture("state_dict_stream.pth").subarray(0, 1400)],
    ["no PyTorch checkpoint", Uint8Array.of(0x80, 2, 0x4b, 1, 0x2e, 0x80, 2, 0x4b, 1, 0x2e)],
  ];
  for (const [message, bytes] of cases) {
    assertThrows(() => readTorch(bytes, "a file"), DataError, message);
  }
});

/** A checkpoint with one float32 tensor whose pickle declares the sizes in the arguments. */
function checkpointOf(numel: number, offset: number, sizes: number[], strides: number[]) {
  const integer = (value: number) =>
    `J${String.fromCharCode(...[0, 8, 16, 24].map((shift) => value >>> shift & 0xff))}`;
  const text = (value: string) => `X${String.fromCharCode(value.length)}\0\0\0${value}`;
  const tuple = (values: number[]) => `(${values.map(integer).join("")}t`;
  const pickle = "\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") +
    "ctorch\nFloatStorage\n" + text("0") + text("cpu") + integer(numel) + "tQ" +
    integer(offset) + tuple(sizes) + tuple(strides) + "\x89ccollections\nOrderedDict\n)RtR.";
  return writeZip([
    { name: "x/data.pkl", bytes: Uint8Array.from(pickle, (c) => c.charCodeAt(0)) },
    { name: "x/data/0", bytes: new Uint8Array(16) },
    { name: "x/version", bytes: new TextEncoder().encode("3\n") },
  ]);
}

Deno.test("readTorch checks every size before it allocates", () => {
  const read = (...sizes: Parameters<typeof checkpointOf>) =>
    readTorch(checkpointOf(...sizes), "a file");
  assertEquals((read(4, 1, [3], [1]) as Tensor).data.length, 3);
  assertThrows(() => read(4, 2, [3], [1]), DataError, "reaches beyond its storage");
  assertThrows(() => read(4, 0, [2, 2], [3, 1]), DataError, "reaches beyond its storage");
  assertThrows(() => read(400, 0, [2], [1]), DataError, "16 bytes where 1600 are declared");
  assertThrows(() => read(4, 0, [2, 2], [1]), DataError, "2 sizes and 1 strides");
  assertThrows(() => read(4, 0, [-1], [1]), DataError, "-1 where a size belongs");
  const huge = 0x7fffffff;
  assertThrows(() => read(4, 0, [huge, huge], [0, 0]), DataError, "impossible shape");
  assertThrows(() => read(4, 0, [huge], [0]), DataError, "far more memory");
});

const written = {
  model: new Map<string, Tensor>([
    ["fc.weight", { dtype: "float32", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
    ["bn.num_batches_tracked", { dtype: "int64", shape: [], data: BigInt64Array.of(9n) }],
    ["empty", { dtype: "bool", shape: [0, 2], data: new Uint8Array(0) }],
  ]),
  epoch: 12,
  large: 2 ** 40,
  negative: -3,
  name: "Conv5_FC3 é",
  finished: true,
  interrupted: false,
};

Deno.test("writeTorch writes what readTorch reads back", () => {
  const bytes = writeTorch(written);
  const value = readTorch(bytes, "a file");
  assertEquals(stateDict(value, "a file"), written.model);
  for (const [name, expected] of Object.entries(written).slice(1)) {
    assertEquals(entry(value, name), expected, name);
  }
  assertEquals(writeTorch(written), bytes, "equal values give equal bytes");
});

Deno.test("writeTorch writes the very bytes that check_torch.py saw PyTorch load", () => {
  assertEquals(writeTorch(written), fixture("written.pt"));
});

Deno.test("writeTorch refuses what weights_only would refuse", () => {
  assertThrows(() => writeTorch({ learning_rate: 0.1 }), RangeError, "put it into a tensor");
  const tensor: Tensor = { dtype: "uint32", shape: [1], data: new Uint32Array(1) };
  assertThrows(() => writeTorch(tensor), RangeError, "no storage for uint32");
});

for (const name of ["training.pth.tar", "views_stream.pth", "values.pt"]) {
  Deno.test(`readTorch answers mutants of ${name} with a DataError or a value`, () => {
    const refused = readMutants(fixture(name), (mutant) => readTorch(mutant, "a mutant"));
    assert(refused > 100, `only ${refused} were refused`);
  });
}
