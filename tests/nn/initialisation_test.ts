import { assertEquals } from "@std/assert";
import { fillNormal } from "../../src/nn/initialisation.ts";
import { createNetwork } from "../../src/nn/networks/mod.ts";
import { Random } from "../../src/random.ts";

Deno.test("normal numbers made many at once are those made one after another, as float32", () => {
  for (
    const [seed, stream, deviation, count] of [
      [0, 0, 1, 2 ** 21],
      [5, 77777, 0.05, 300_001],
      [0xffffffff, 0xdeadbeef, 1e-30, 1023],
      [1, 2, 0, 5],
    ]
  ) {
    const values = new Float32Array(count);
    fillNormal(values, seed, stream, deviation);
    const random = new Random(seed, stream);
    const differ = values.findIndex((value) =>
      !Object.is(value, Math.fround(random.normal(0, deviation)))
    );
    assertEquals(differ, -1, `of seed ${seed}, deviation ${deviation}`);
  }
});

Deno.test("the initial weights of a seed keep their bits", async () => {
  const digests = {
    resnet18: "c1dc6f6ec1ae01bf2235f7b9d534dcfc27d0d26eb7aeb8e29b9d5f238b393316",
    Conv4_FC3: "994128f3e9eae8e1a407c8af0840488c8ca9895bb3b63687f8ed260322eec9d4",
  };
  for (const [name, digest] of Object.entries(digests)) {
    const network = createNetwork(name as keyof typeof digests, [3, 64, 64], 2);
    const bytes = await crypto.subtle.digest("SHA-256", network.initialParameters(3));
    assertEquals(new Uint8Array(bytes).toHex(), digest, name);
  }
});
