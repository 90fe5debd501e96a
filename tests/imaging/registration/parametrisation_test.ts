import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  affineFrom,
  type Parametrisation,
  rigidFrom,
  rotationOf,
} from "../../../src/imaging/registration/parametrisation.ts";
import { affineOf } from "./phantoms.ts";

const START = affineOf({
  rotation: [20, -30, 10],
  scale: [1.1, 0.9, 1],
  shear: 0.1,
  shift: [5, -7, 9],
});

Deno.test("parameters of zero are the start", () => {
  assertEquals(rigidFrom(START).transformAt(new Float64Array(6)), START);
  assertEquals(affineFrom(START).transformAt(new Float64Array(12)), START);
});

Deno.test("a rotation turns about its vector by its length, and keeps lengths", () => {
  const quarter = rotationOf([0, 0, Math.PI / 2]);
  [0, -1, 0, 1, 0, 0, 0, 0, 1].forEach((value, at) =>
    assertAlmostEquals(quarter[at], value, 1e-15)
  );
  const r = rotationOf([1.2, -0.4, 2]);
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      const dot = r[3 * i] * r[3 * j] + r[3 * i + 1] * r[3 * j + 1] + r[3 * i + 2] * r[3 * j + 2];
      assertAlmostEquals(dot, i === j ? 1 : 0, 1e-14);
    }
  }
});

Deno.test("a parameter of 1 moves a point at 70 mm by 1 mm", () => {
  const transform = rigidFrom(affineOf({})).transformAt(Float64Array.of(0, 0, 1, 0, 0, 0));
  assertAlmostEquals(70 * transform[4], 1, 1e-4);
  const stretched = affineFrom(affineOf({})).transformAt(Float64Array.of(1, ...Array(11).fill(0)));
  assertAlmostEquals(70 * (stretched[0] - 1), 1, 1e-12);
});

Deno.test("the Jacobians are those of finite differences, at zero and far from it", () => {
  const check = ({ count, transformAt, jacobianAt }: Parametrisation, point: Float64Array) => {
    const jacobian = jacobianAt(point);
    for (let k = 0; k < count; k++) {
      const [ahead, behind] = [1e-4, -1e-4].map((h) => {
        const moved = point.slice();
        moved[k] += h;
        return transformAt(moved);
      });
      for (let entry = 0; entry < 12; entry++) {
        const slope = (ahead[entry] - behind[entry]) / 2e-4;
        assertAlmostEquals(jacobian[count * entry + k], slope, 1e-9);
      }
    }
  };
  check(rigidFrom(START), new Float64Array(6));
  check(rigidFrom(START), Float64Array.of(1e-4, 0, -2e-5, 1, 2, 3));
  check(rigidFrom(START), Float64Array.of(30, -80, 45, 1, 2, 3));
  check(affineFrom(START), Float64Array.from({ length: 12 }, (_, k) => k - 4));
});
