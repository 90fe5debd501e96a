import { assertEquals, assertStrictEquals } from "@std/assert";
import type { Tensor } from "../../src/formats/tensor.ts";
import { withClinicadlHead } from "../../src/maps/resnet_head.ts";

const matrix = (rows: number, columns: number): Tensor => ({
  dtype: "float32",
  shape: [rows, columns],
  data: Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i + 1)),
});

/** y = W x + b in float32 products and float64 sums. */
function linear(parameters: ReadonlyMap<string, Tensor>, name: string, input: number[]): number[] {
  const [weight, bias] = ["weight", "bias"].map((kind) => parameters.get(`${name}.${kind}`)!);
  const [rows, columns] = weight.shape;
  return Array.from({ length: rows }, (_, row) => {
    let sum = Number(bias.data[row]);
    for (let i = 0; i < columns; i++) sum += Number(weight.data[row * columns + i]) * input[i];
    return sum;
  });
}

Deno.test("withClinicadlHead gives two layers with the logits of the plain one, to the last bit", () => {
  const plain = new Map<string, Tensor>([
    ["conv1.weight", matrix(2, 2)],
    ["fc.weight", matrix(3, 512)],
    ["fc.bias", { dtype: "float32", shape: [3], data: Float32Array.of(0.5, -1, 2) }],
  ]);
  const features = Array.from({ length: 512 }, (_, i) => Math.cos(i));
  const both = withClinicadlHead(plain);
  assertEquals([...both.keys()], [
    "conv1.weight",
    "fc.weight",
    "fc.bias",
    "fc_out.weight",
    "fc_out.bias",
  ]);
  assertEquals(both.get("fc.weight")?.shape, [1000, 512]);
  assertEquals(both.get("fc_out.weight")?.shape, [3, 1000]);
  const logits = linear(both, "fc_out", linear(both, "fc", features));
  assertEquals(logits, linear(plain, "fc", features));
});

Deno.test("withClinicadlHead leaves a network alone that has both layers", () => {
  const both = new Map([
    ["fc.weight", matrix(1000, 512)],
    ["fc.bias", matrix(1000, 1)],
    ["fc_out.weight", matrix(2, 1000)],
  ]);
  assertEquals([...withClinicadlHead(both).keys()], [...both.keys()]);
  assertStrictEquals(withClinicadlHead(both).get("fc.weight"), both.get("fc.weight"));
});
