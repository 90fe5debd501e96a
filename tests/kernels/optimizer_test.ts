import { recordUpdate } from "../../kernels/optimizer.ts";
import { Uniforms } from "../../src/gpu/uniforms.ts";
import { optimizerParams } from "../../kernels/optimizer.ts";
import { updateScalars } from "../../src/nn/optimizer.ts";
import { assertClose, numbers, onDevice } from "./on_device.ts";

for (const clipNorm of [0.5, 1e6]) {
  Deno.test(`gradients are scaled to a norm of at most ${clipNorm}, frozen ones left out`, async () => {
    await onDevice(async (bench) => {
      const count = 64 * 37;
      const [before, gradients] = [numbers(count, 1), numbers(count, 2)];
      const trainable = Uint32Array.from({ length: 37 }, (_, i) => i % 5 === 0 ? 0 : 1);
      const learns = (i: number) => trainable[Math.floor(i / 64)] === 1;
      const parameters = bench.buffer(before);
      const uniforms = new Uniforms(bench.device, "update", optimizerParams);
      uniforms.set(updateScalars({ name: "SGD", learningRate: 0.25 }, 1, 0.25));
      const [result] = await bench.run((program) => {
        recordUpdate(program, {
          rule: "descent",
          clipNorm,
          count,
          parameters,
          gradients: bench.buffer(gradients),
          trainable: bench.buffer(trainable),
          params: uniforms.buffer,
        });
        return [parameters];
      }, { inPlace: true });
      const norm = Math.sqrt(gradients.reduce((s, g, i) => s + (learns(i) ? g * g : 0), 0));
      const factor = Math.min(1, clipNorm / (norm + 1e-6));
      const expected = before.map((p, i) => learns(i) ? p - 0.25 * factor * gradients[i] : p);
      assertClose(result, expected, 1e-6);
    });
  });
}
