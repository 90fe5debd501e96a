import { assertAlmostEquals } from "@std/assert";
import { Fft } from "../../../src/imaging/bias_field/fft.ts";
import { randomValues } from "./random_lattice.ts";

Deno.test("the transform is the sum of its definition, and the inverse undoes it", () => {
  for (const length of [2, 8, 64]) {
    const fft = new Fft(length);
    const [re, im] = [randomValues(length, 1), randomValues(length, 2)];
    const [real, imaginary] = [re.slice(), im.slice()];
    fft.forward(real, imaginary);
    for (let k = 0; k < length; k++) {
      let [a, b] = [0, 0];
      for (let n = 0; n < length; n++) {
        const angle = -2 * Math.PI * k * n / length;
        a += re[n] * Math.cos(angle) - im[n] * Math.sin(angle);
        b += re[n] * Math.sin(angle) + im[n] * Math.cos(angle);
      }
      assertAlmostEquals(real[k], a, 1e-12);
      assertAlmostEquals(imaginary[k], b, 1e-12);
    }
    fft.inverse(real, imaginary);
    for (let n = 0; n < length; n++) {
      assertAlmostEquals(real[n], re[n], 1e-14);
      assertAlmostEquals(imaginary[n], im[n], 1e-14);
    }
  }
});
