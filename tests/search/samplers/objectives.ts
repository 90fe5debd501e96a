/** Objectives with known optima, the same as in tests/fixtures/search/make_optuna.py. */
import type { Assignment, SearchParameter } from "../../../src/search/space.ts";

export interface Objective {
  parameters: readonly SearchParameter[];
  optimum: number;
  value(values: Assignment): number;
}

const uniform = (address: string, low: number, high: number): SearchParameter => ({
  address,
  domain: { kind: "uniform", low, high },
  when: [],
});

const ALPHA = [1, 1.2, 3, 3.2];
const A = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
];
const P = [
  [1312, 1696, 5569, 124, 8283, 5886],
  [2329, 4135, 8307, 3736, 1004, 9991],
  [2348, 1451, 3522, 2883, 3047, 6650],
  [4047, 8828, 8732, 5743, 1091, 381],
];

export const OBJECTIVES: Readonly<Record<string, Objective>> = {
  branin: {
    parameters: [uniform("x", -5, 10), uniform("y", 0, 15)],
    optimum: 0.39788735772973816,
    value(values) {
      const [x, y] = [values.x, values.y] as number[];
      const [b, c, t] = [5.1 / (4 * Math.PI ** 2), 5 / Math.PI, 1 / (8 * Math.PI)];
      return (y - b * x * x + c * x - 6) ** 2 + 10 * (1 - t) * Math.cos(x) + 10;
    },
  },
  hartmann6: {
    parameters: ALPHA.concat(0, 0).map((_, i) => uniform(`x${i}`, 0, 1)),
    optimum: -3.322368011415513,
    value: (values) =>
      -ALPHA.reduce((sum, alpha, i) => {
        const distance = A[i].reduce(
          (d, a, j) => d + a * (values[`x${j}`] as number - P[i][j] / 1e4) ** 2,
          0,
        );
        return sum + alpha * Math.exp(-distance);
      }, 0),
  },
  conditional: {
    parameters: [
      { address: "rate", domain: { kind: "log_uniform", low: 1e-5, high: 1e-1 }, when: [] },
      { address: "optimizer", domain: { kind: "choice", values: ["Adam", "SGD"] }, when: [] },
      {
        ...uniform("momentum", 0, 0.99),
        when: [{ address: "optimizer", values: ["SGD"] }],
      },
      {
        address: "network",
        domain: { kind: "choice", values: ["conv", "resnet", "linear"] },
        when: [],
      },
      {
        address: "depth",
        domain: { kind: "int", low: 1, high: 12 },
        when: [{ address: "network", values: ["conv"] }],
      },
      { ...uniform("dropout", 0, 0.9), when: [{ address: "network", values: ["conv"] }] },
      {
        address: "width",
        domain: { kind: "int", low: 8, high: 128 },
        when: [{ address: "network", values: ["resnet"] }],
      },
    ],
    optimum: 0,
    value(values) {
      const number = (name: string) => values[name] as number;
      let loss = (Math.log10(number("rate")) + 2.7) ** 2 / 4;
      loss += values.optimizer === "SGD" ? (number("momentum") - 0.8) ** 2 * 3 : 0.4;
      if (values.network === "conv") {
        return loss + Math.abs(number("depth") - 7) * 0.05 + (number("dropout") - 0.3) ** 2;
      }
      return loss +
        (values.network === "linear" ? 1 : 0.4 + Math.abs(number("width") - 40) * 0.01);
    },
  },
};
