import { assert, assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { readSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts";
import { type Tensor, toFloat32 } from "../../src/formats/tensor.ts";
import { readMutants } from "./mutation.ts";

const tensors: Record<string, Tensor> = {
  flags: { dtype: "bool", shape: [3], data: Uint8Array.of(1, 0, 1) },
  weight: { dtype: "float32", shape: [2, 2], data: Float32Array.of(1, -2, 3.5, 4) },
  affine: { dtype: "float64", shape: [2], data: Float64Array.of(Math.PI, -1e300) },
  steps: { dtype: "int64", shape: [], data: BigInt64Array.of(-5n) },
  half: { dtype: "float16", shape: [1, 3], data: Float16Array.of(0.5, 1, 65504) },
  brain: { dtype: "bfloat16", shape: [2], data: Uint16Array.of(0x3f80, 0xc040) },
  empty: { dtype: "uint8", shape: [0, 4], data: new Uint8Array(0) },
};

/** A file with the given header text and data. */
function file(header: string, data = new Uint8Array(0)): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

Deno.test("safetensors keeps every tensor, its order and the metadata", () => {
  const read = readSafetensors(writeSafetensors(tensors, { format: "pt" }), "a file");
  assertEquals(Object.fromEntries(read.tensors()), tensors);
  assertEquals([...read.entries.keys()], Object.keys(tensors));
  assertEquals(read.metadata, { format: "pt" });
  assertEquals([...toFloat32(read.tensor("brain"))], [1, -3]);
});

Deno.test("safetensors lays data out as its specification requires", () => {
  const bytes = writeSafetensors({ a: { dtype: "uint8", shape: [2], data: Uint8Array.of(7, 9) } });
  const header = '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}   ';
  assertEquals(bytes, file(header, Uint8Array.of(7, 9)));
  assertEquals((8 + header.length) % 8, 0);
});

Deno.test("safetensors reads one tensor in place, without copying the file", () => {
  const bytes = writeSafetensors(tensors);
  for (const name of ["weight", "affine", "steps", "half"]) {
    assert(readSafetensors(bytes, "a file").tensor(name).data.buffer === bytes.buffer, name);
  }
});

Deno.test("safetensors reads tensors that are not aligned", () => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, 2.5, true);
  const header = '{"x":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}';
  assert((8 + header.length) % 4 !== 0);
  assertEquals(readSafetensors(file(header, bytes), "a file").tensor("x").data[0], 2.5);
});

Deno.test("safetensors refuses wrong headers, and reports what is wrong", () => {
  const entry = (fields: string) => `{"x":{${fields}}}`;
  const cases: [string, Uint8Array<ArrayBuffer>][] = [
    ["it has 3 bytes", new Uint8Array(3)],
    ["its header claims", file("{}").subarray(0, 9)],
    ["does not begin with {", file(" {}")],
    ["not JSON", file("{nonsense}")],
    ["names a tensor twice", file('{"__metadata__":{},"__metadata__":{}}')],
    ["__metadata__ must map", file('{"__metadata__":{"epoch":3}}')],
    ["unknown dtype", file(entry('"dtype":"F8","shape":[],"data_offsets":[0,1]'))],
    ["no valid shape", file(entry('"dtype":"U8","shape":[-1],"data_offsets":[0,0]'))],
    ["no valid data_offsets", file(entry('"dtype":"U8","shape":[0],"data_offsets":[1,0]'))],
    ["impossible shape", file(entry('"dtype":"U8","shape":[9e15,9e15],"data_offsets":[0,0]'))],
    ["needs another number", file(entry('"dtype":"U8","shape":[4],"data_offsets":[0,5]'))],
    ["beyond the file", file(entry('"dtype":"U8","shape":[4],"data_offsets":[0,4]'))],
    [
      "hole or overlaps",
      file(entry('"dtype":"U8","shape":[1],"data_offsets":[1,2]'), new Uint8Array(2)),
    ],
    ["belong to no tensor", file("{}", new Uint8Array(2))],
  ];
  for (const [message, bytes] of cases) {
    assertThrows(() => readSafetensors(bytes, "a file"), DataError, message);
  }
  const read = readSafetensors(file("{}"), "a file");
  assertThrows(() => read.tensor("x"), DataError, 'a file: has no tensor "x"');
});

Deno.test("safetensors refuses to write data that do not fit their shape", () => {
  const tensor: Tensor = { dtype: "uint8", shape: [3], data: new Uint8Array(2) };
  assertThrows(() => writeSafetensors({ tensor }), DataError, "needs 3 elements");
  assertThrows(
    () => writeSafetensors({ tensor: { ...tensor, dtype: "float32" } }),
    DataError,
    "does not fit",
  );
});

Deno.test("safetensors answers mutated files with a DataError or a value", () => {
  const refused = readMutants(writeSafetensors(tensors, { format: "pt" }), (mutant) => {
    readSafetensors(mutant, "a mutant").tensors();
  });
  assert(refused > 100, `only ${refused} were refused`);
});
