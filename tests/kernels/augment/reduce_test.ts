import { assertEquals } from "@std/assert";
import { reduceSamples } from "../../../kernels/augment/reduce.ts";
import { assertClose, numbers, onDevice } from "../on_device.ts";

for (const count of [1, 64, 65, 5000]) {
  Deno.test(`of ${count} values of each sample the least and the largest and their sum are found`, async () => {
    await onDevice(async (bench) => {
      const batch = 4;
      const x = numbers(batch * count, 5);
      const [least, largest, sums] = [0, 1, 2].map(() => bench.buffer(batch * 4));
      const results = await bench.run((program) => {
        const options = { x: bench.buffer(x), batch, count };
        reduceSamples(program, { kind: "least", ...options, y: least });
        reduceSamples(program, { kind: "largest", ...options, y: largest });
        reduceSamples(program, { kind: "sum", ...options, y: sums });
        return [least, largest, sums];
      });
      const samples = [0, 1, 2, 3].map((n) => x.subarray(n * count, (n + 1) * count));
      assertEquals([...results[0]], samples.map((sample) => Math.min(...sample)));
      assertEquals([...results[1]], samples.map((sample) => Math.max(...sample)));
      assertClose(results[2], samples.map((sample) => sample.reduce((a, b) => a + b, 0)), 1e-5);
    });
  });
}
