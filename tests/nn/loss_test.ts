/** Losses for imbalanced classes against PyTorch (tests/fixtures/nn/make_imbalanced_losses.py). */
import { assert } from "@std/assert";
import { type ClassLoss, lossForward } from "../../kernels/loss.ts";
import { classLoss, type ClassLossOptions } from "../../src/nn/loss.ts";
import { assertClose, onDevice } from "../kernels/on_device.ts";
import { uniform } from "./fixture.ts";

const { rows, classes, cases }: {
  rows: number;
  classes: number;
  cases: { name: string; options: ClassLossOptions; loss: number; gradient: number[] }[];
} = JSON.parse(
  Deno.readTextFileSync(new URL("../fixtures/nn/imbalanced_losses.json", import.meta.url)),
);

const logits = uniform(1, rows * classes).map((u) => 3 * (2 * u - 1));
const targets = Uint32Array.from({ length: rows }, (_, n) => n * 3 % classes);
const row = Math.ceil(classes / 4) * 4;

for (const { name, options, loss, gradient } of cases) {
  Deno.test(`${name} with ${JSON.stringify(options)} is PyTorch's, and so is its gradient`, async () => {
    const host = classLoss(name as ClassLoss, logits, classes, targets, options);
    assert(Math.abs(host / loss - 1) < 1e-12, `${host}, not ${loss}`);
    await onDevice(async (bench) => {
      const padded = new Float32Array(rows * row);
      for (let i = 0; i < logits.length; i++) {
        padded[Math.floor(i / classes) * row + i % classes] = logits[i];
      }
      const { classWeights = new Array<number>(classes).fill(1), ...others } = options;
      const [losses, slopes] = [bench.buffer(16), bench.buffer(padded.byteLength)];
      const params = new DataView(new ArrayBuffer(32));
      params.setFloat32(16, 1, true);
      const results = await bench.run((program) => {
        lossForward(program, name as ClassLoss, {
          batch: rows,
          outputs: classes,
          logits: bench.buffer(padded),
          order: bench.buffer(Uint32Array.from({ length: rows }, (_, n) => n)),
          params: bench.uniform(params),
          targets: bench.buffer(targets),
          weights: bench.buffer(Float32Array.from(classWeights)),
          ...others,
          losses,
          gradient: slopes,
          nonFiniteSteps: bench.buffer(16),
          nonFiniteAt: 0,
        });
        return [losses, slopes];
      });
      assertClose([results[0][0]], [loss], 1e-6, "loss");
      const found = gradient.map((_, i) => results[1][Math.floor(i / classes) * row + i % classes]);
      assertClose(found, gradient, 2e-6, "gradient");
    });
  });
}
