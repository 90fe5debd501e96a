/** Spikes in the spectrum, which become stripes of the item. */
import { addSpikes, packSpike, spikeWords } from "../../../kernels/augment/fourier.ts";
import { itemsBytes } from "../../../kernels/augment/grid.ts";
import type { SpikeParams } from "./specification.ts";
import { type BatchTransform, boundsOf, type ItemGeometry, toAxes, toTriple } from "./transform.ts";

/**
 * The record.
 *
 * @param positions of each spike along axes 0, 1, 2, as shares of the spectrum, lowest frequency first
 */
export function packSpikes(
  positions: readonly (readonly number[])[],
  intensity: number,
  geometry: ItemGeometry,
  into: Float32Array<ArrayBuffer>,
): void {
  const extents = toAxes(geometry, geometry.size);
  positions.forEach((position, spike) => {
    const frequency = position.map((share, axis) => {
      const n = extents[axis];
      return (Math.floor(share * n) - Math.floor(n / 2) + n) % n;
    });
    const record = into.subarray(spike * spikeWords, (spike + 1) * spikeWords);
    packSpike(toTriple(geometry, frequency), intensity, record);
  });
}

export function spikeTransform(params: SpikeParams, geometry: ItemGeometry): BatchTransform {
  const [fewest, most] = boundsOf(params.num_spikes, 0);
  const intensity = boundsOf(params.intensity);
  return {
    words: [most * spikeWords],
    draw(random, into) {
      const height = random.uniform(...intensity);
      const positions = Array.from(
        { length: fewest + random.integer(most - fewest + 1) },
        () => [random.uniform(), random.uniform(), random.uniform()],
      );
      packSpikes(positions, height, geometry, into);
    },
    record(program, { shape, x }, spikes) {
      if (most === 0) return x;
      const y = program.tensor("with spikes", itemsBytes(shape));
      addSpikes(program, { shape, x, y, spikes, count: most });
      return y;
    },
  };
}
