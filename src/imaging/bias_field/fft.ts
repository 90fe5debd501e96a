/** The discrete Fourier transform of a fixed length, a power of two (Cooley and Tukey 1965). */
export class Fft {
  /** cos and sin of 2πk / length, for k below half the length. */
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;
  /** Each index with its bits in reverse order. */
  readonly #reversed: Uint32Array;

  constructor(readonly length: number) {
    const half = { length: length / 2 };
    this.#cos = Float64Array.from(half, (_, k) => Math.cos(2 * Math.PI * k / length));
    this.#sin = Float64Array.from(half, (_, k) => Math.sin(2 * Math.PI * k / length));
    this.#reversed = new Uint32Array(length);
    for (let i = 1; i < length; i++) {
      this.#reversed[i] = (this.#reversed[i >> 1] >> 1) | (i % 2 === 1 ? length >> 1 : 0);
    }
  }

  /** X[k] = Σ_n x[n] exp(-2πi kn / length), in place. */
  forward(real: Float64Array, imaginary: Float64Array): void {
    this.#reorder(real);
    this.#reorder(imaginary);
    for (let half = 1; half < this.length; half *= 2) this.#butterflies(real, imaginary, half);
  }

  /** x[n] = Σ_k X[k] exp(2πi kn / length) / length, in place. */
  inverse(real: Float64Array, imaginary: Float64Array): void {
    // Real and imaginary part exchanged: the transform with the other sign of i.
    this.forward(imaginary, real);
    for (let i = 0; i < this.length; i++) {
      real[i] /= this.length;
      imaginary[i] /= this.length;
    }
  }

  #reorder(values: Float64Array): void {
    for (let i = 0; i < this.length; i++) {
      const j = this.#reversed[i];
      if (i >= j) continue;
      const value = values[i];
      values[i] = values[j];
      values[j] = value;
    }
  }

  /** Joins transforms of `half` values in pairs to transforms of twice as many. */
  #butterflies(real: Float64Array, imaginary: Float64Array, half: number): void {
    const step = this.length / (2 * half);
    for (let start = 0; start < this.length; start += 2 * half) {
      for (let k = 0; k < half; k++) {
        const even = start + k;
        const odd = even + half;
        const cos = this.#cos[k * step];
        const sin = this.#sin[k * step];
        const re = real[odd] * cos + imaginary[odd] * sin;
        const im = imaginary[odd] * cos - real[odd] * sin;
        real[odd] = real[even] - re;
        imaginary[odd] = imaginary[even] - im;
        real[even] += re;
        imaginary[even] += im;
      }
    }
  }
}
