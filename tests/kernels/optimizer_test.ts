import { assert } from "@std/assert";
import { momentsOf, optimizerParams, recordUpdate } from "../../kernels/optimizer.ts";
import { Uniforms } from "../../src/gpu/uniforms.ts";
import { type OptimizerOptions, updateRule, updateScalars } from "../../src/nn/optimizer.ts";
import { assertClose, type Bench, numbers, onDevice } from "./on_device.ts";

/** Update `t` of one parameter in float64, after PyTorch's documentation; keeps its moments in `s`. */
type Rule = (p: number, g: number, t: number, s: { m: number; v: number }) => number;

const rate = 0.01;
const [beta1, beta2] = [0.9, 0.999];
const smooth = (s: { m: number; v: number }, g: number) => {
  s.m = beta1 * s.m + (1 - beta1) * g;
  s.v = beta2 * s.v + (1 - beta2) * g * g;
};
const adam: Rule = (p, g, t, s) => {
  smooth(s, g);
  return p - rate * s.m / (1 - beta1 ** t) / (Math.sqrt(s.v / (1 - beta2 ** t)) + 1e-8);
};
const product = (t: number): number => t === 0 ? 1 : mu(t) * product(t - 1);
const mu = (t: number) => beta1 * (1 - 0.5 * 0.96 ** (t * 0.004));

const rules: Record<string, { options: OptimizerOptions; rule: Rule }> = {
  "SGD": { options: { name: "SGD", learningRate: rate }, rule: (p, g) => p - rate * g },
  "SGD with momentum": {
    options: { name: "SGD", learningRate: rate, momentum: 0.8 },
    rule: (p, g, _t, s) => p - rate * (s.m = 0.8 * s.m + g),
  },
  "SGD with Nesterov's momentum": {
    options: { name: "SGD", learningRate: rate, momentum: 0.8, nesterov: true },
    rule: (p, g, _t, s) => p - rate * (g + 0.8 * (s.m = 0.8 * s.m + g)),
  },
  "Adam": { options: { name: "Adam", learningRate: rate }, rule: adam },
  "AdamW": {
    options: { name: "AdamW", learningRate: rate, weightDecay: 0.3 },
    rule: (p, g, t, s) => adam(p * (1 - rate * 0.3), g, t, s),
  },
  "RMSprop": {
    options: { name: "RMSprop", learningRate: rate },
    rule: (p, g, _t, s) => {
      s.v = 0.99 * s.v + 0.01 * g * g;
      return p - rate * g / (Math.sqrt(s.v) + 1e-8);
    },
  },
  "Adagrad": {
    options: { name: "Adagrad", learningRate: rate },
    rule: (p, g, _t, s) => p - rate * g / (Math.sqrt(s.v += g * g) + 1e-10),
  },
  "Adadelta": {
    options: { name: "Adadelta", learningRate: 1 },
    rule: (p, g, _t, s) => {
      s.v = 0.9 * s.v + 0.1 * g * g;
      const d = Math.sqrt(s.m + 1e-6) / Math.sqrt(s.v + 1e-6) * g;
      s.m = 0.9 * s.m + 0.1 * d * d;
      return p - d;
    },
  },
  "Adamax": {
    options: { name: "Adamax", learningRate: rate },
    rule: (p, g, t, s) => {
      s.m = beta1 * s.m + (1 - beta1) * g;
      s.v = Math.max(beta2 * s.v, Math.abs(g) + 1e-8);
      return p - rate * s.m / ((1 - beta1 ** t) * s.v);
    },
  },
  "NAdam": {
    options: { name: "NAdam", learningRate: rate },
    rule: (p, g, t, s) => {
      smooth(s, g);
      const m = mu(t + 1) * s.m / (1 - product(t + 1)) + (1 - mu(t)) * g / (1 - product(t));
      return p - rate * m / (Math.sqrt(s.v / (1 - beta2 ** t)) + 1e-8);
    },
  },
  "RAdam": {
    options: { name: "RAdam", learningRate: rate },
    rule: (p, g, t, s) => {
      smooth(s, g);
      const m = s.m / (1 - beta1 ** t);
      const limit = 2 / (1 - beta2) - 1;
      const length = limit - 2 * t * beta2 ** t / (1 - beta2 ** t);
      if (length <= 5) return p - rate * m;
      const r = (length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length);
      return p - rate * m * Math.sqrt(r * (1 - beta2 ** t)) / (Math.sqrt(s.v) + 1e-8);
    },
  },
};

function uniformsOf(bench: Bench, options: OptimizerOptions, t: number) {
  const uniforms = new Uniforms(bench.device, "update", optimizerParams);
  uniforms.set(updateScalars(options, t, options.learningRate));
  return uniforms.buffer;
}

for (const [name, { options, rule }] of Object.entries(rules)) {
  for (const weightDecay of name === "AdamW" ? [0.3] : [0, 0.1]) {
    Deno.test(`eight updates by ${name} and weight decay ${weightDecay} are PyTorch's`, async () => {
      await onDevice(async (bench) => {
        const count = 64 * 5;
        const before = numbers(count, 1);
        const updates = [1, 2, 3, 4, 5, 6, 7, 8];
        const gradients = updates.map((t) => numbers(count, 1 + t));
        const parameters = bench.buffer(before);
        const decayed = { ...options, weightDecay };
        const update = updateRule(decayed);
        const { first, second } = momentsOf(update.rule);
        const moments = {
          ...(first && { moment1: bench.buffer(count * 4) }),
          ...(second && { moment2: bench.buffer(count * 4) }),
        };
        const [result] = await bench.run((program) => {
          for (const t of updates) {
            recordUpdate(program, {
              ...update,
              ...moments,
              count,
              parameters,
              gradients: bench.buffer(gradients[t - 1]),
              params: uniformsOf(bench, decayed, t),
            });
          }
          return [parameters];
        }, { inPlace: true });
        const steps = Array.from(before, (start, i) => {
          const moments = { m: 0, v: 0 };
          const decay = update.decoupled ? 0 : weightDecay;
          return updates.reduce(
            (p, t) => rule(p, gradients[t - 1][i] + decay * p, t, moments),
            start,
          ) - start;
        });
        assertClose(result.map((p, i) => p - before[i]), steps, 1e-4);
      });
    });
  }
}

for (const [name, { options }] of Object.entries(rules)) {
  const update = updateRule(options);
  const kept = momentsOf(update.rule);
  if (!kept.first && !kept.second) continue;
  // Adadelta's first moment is one of squares.
  const sign = update.rule === "adadelta" ? 1 : -1;
  Deno.test(`moments of ${name} that decay below the least normal float become zero`, async () => {
    await onDevice(async (bench) => {
      const count = 64;
      // Each shrinks to a normal number, to one in the range of denormals, or is denormal already.
      const before = [3e-38, 1.17549435e-38, 1e-40, 1.401298464324817e-45, 0, 1e-20];
      const start = Float32Array.from({ length: count }, (_, i) => before[i % before.length]);
      const moments = {
        ...(kept.first && { moment1: bench.buffer(start.map((m, i) => i % 4 < 2 ? m : sign * m)) }),
        ...(kept.second && { moment2: bench.buffer(start) }),
      };
      const parameters = bench.buffer(count * 4);
      const results = await bench.run((program) => {
        recordUpdate(program, {
          ...update,
          ...moments,
          count,
          parameters,
          gradients: bench.buffer(count * 4),
          params: uniformsOf(bench, options, 1000),
        });
        return Object.values(moments);
      }, { inPlace: true });
      for (const moment of results) {
        moment.forEach((m, i) => {
          const size = Math.abs(m);
          assert(size === 0 || size >= 2 ** -126, `moment ${i} is ${m}`);
          if (start[i] > 2e-38) assert(size > 0.5 * start[i], `moment ${i} is ${m}`);
        });
      }
    });
  });
}

Deno.test("a gradient that is not a number remains visible in Adam's moments", async () => {
  await onDevice(async (bench) => {
    const options: OptimizerOptions = { name: "Adam", learningRate: rate };
    const moments = { moment1: bench.buffer(256), moment2: bench.buffer(256) };
    const results = await bench.run((program) => {
      recordUpdate(program, {
        ...updateRule(options),
        ...moments,
        count: 64,
        parameters: bench.buffer(256),
        gradients: bench.buffer(new Float32Array(64).fill(NaN)),
        params: uniformsOf(bench, options, 1),
      });
      return Object.values(moments);
    }, { inPlace: true });
    assert(results.every((moment) => moment.every(Number.isNaN)));
  });
});

for (const clipNorm of [0.5, 1e6]) {
  Deno.test(`gradients are scaled to a norm of at most ${clipNorm}, frozen ones left out`, async () => {
    await onDevice(async (bench) => {
      const count = 64 * 37;
      const [before, gradients] = [numbers(count, 1), numbers(count, 2)];
      const trainable = Uint32Array.from({ length: 37 }, (_, i) => i % 5 === 0 ? 0 : 1);
      const learns = (i: number) => trainable[Math.floor(i / 64)] === 1;
      const parameters = bench.buffer(before);
      const params = uniformsOf(bench, { name: "SGD", learningRate: 0.25 }, 1);
      const [result] = await bench.run((program) => {
        recordUpdate(program, {
          rule: "descent",
          clipNorm,
          count,
          parameters,
          gradients: bench.buffer(gradients),
          trainable: bench.buffer(trainable),
          params,
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
