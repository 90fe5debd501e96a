import { assert, assertEquals } from "@std/assert";
import { chiSquareTail, fairCoinTail, studentTails } from "../../src/evaluation/distributions.ts";

const SMALL_TO_LARGE = [1e-6, 0.01, 0.3, 1, 1.7, 2, 4, 9, 25, 120];

function near(actual: number, expected: number, tolerance = 1e-12): void {
  assert(Math.abs(actual / expected - 1) < tolerance, `${actual} is not ${expected}`);
}

Deno.test("Student's tails agree with their closed forms for 1, 2 and 4 degrees of freedom", () => {
  for (const t of SMALL_TO_LARGE) {
    near(studentTails(t, 1), 1 - 2 / Math.PI * Math.atan(t), 1e-10);
    // 1 - sin(angle), written so that small values keep their digits.
    const sine = t / Math.sqrt(2 + t * t);
    near(studentTails(t, 2), 2 / (2 + t * t) / (1 + sine));
    if (t > 30) continue;
    const s = t / Math.sqrt(4 + t * t);
    near(studentTails(-t, 4), 1 - s * (1 + (1 - s * s) / 2), 1e-7);
  }
});

Deno.test("the chi-square tail agrees with its closed forms for even degrees of freedom", () => {
  for (const x of SMALL_TO_LARGE) {
    const half = x / 2;
    near(chiSquareTail(x, 2), Math.exp(-half));
    near(chiSquareTail(x, 4), Math.exp(-half) * (1 + half));
    near(chiSquareTail(x, 6), Math.exp(-half) * (1 + half + half ** 2 / 2));
  }
});

Deno.test("the tails agree with SciPy's t.sf and chi2.sf far out and for many degrees of freedom", () => {
  near(studentTails(5, 38), 1.3276418057994177e-05, 1e-10);
  near(studentTails(50, 20), 1.7533380449242327e-22, 1e-10);
  near(studentTails(1.5, 20_000), 0.13363018733768497, 1e-10);
  near(chiSquareTail(500, 1), 9.505397766554137e-111, 1e-10);
  near(chiSquareTail(30, 60), 0.9995815503316723, 1e-10);
});

Deno.test("no difference has p = 1, an infinite one p = 0", () => {
  assertEquals(studentTails(0, 7), 1);
  assertEquals(chiSquareTail(0, 3), 1);
  assertEquals(studentTails(-Infinity, 7), 0);
});

Deno.test("the tail of a fair coin agrees with sums of binomial coefficients", () => {
  near(fairCoinTail(0, 10), 2 ** -10);
  near(fairCoinTail(3, 10), (1 + 10 + 45 + 120) / 1024);
  near(fairCoinTail(2, 200), (1 + 200 + 19900) * 2 ** -200, 1e-10);
  assertEquals([fairCoinTail(10, 10), fairCoinTail(0, 0)], [1, 1]);
});
