/** Means of attribution maps over the images of a group. */

/** Sums maps over all images and over those of each class. */
export class MeanMaps {
  readonly #groups = new Map<number | undefined, { sum: Float64Array; images: number }>();

  /** @param length values of one image's maps, all elements together */
  constructor(readonly length: number) {}

  /**
   * Adds the maps of one image.
   *
   * @param node the image's class, where it is known
   * @throws {RangeError} when there are not `length` values
   */
  add(maps: Float32Array, node?: number): void {
    if (maps.length !== this.length) {
      throw new RangeError(`${maps.length} values were added to maps of ${this.length}`);
    }
    this.#addTo(undefined, maps);
    if (node !== undefined) this.#addTo(node, maps);
  }

  #addTo(node: number | undefined, maps: Float32Array): void {
    let group = this.#groups.get(node);
    if (!group) this.#groups.set(node, group = { sum: new Float64Array(this.length), images: 0 });
    for (let i = 0; i < maps.length; i++) group.sum[i] += maps[i];
    group.images++;
  }

  /** Classes of the images so far, in order. */
  get classes(): number[] {
    return [...this.#groups.keys()].filter((node) => node !== undefined).sort((a, b) => a - b);
  }

  /**
   * Mean over the images of a class, or over all images.
   *
   * @throws {RangeError} when there are none
   */
  mean(node?: number): Float32Array<ArrayBuffer> {
    const group = this.#groups.get(node);
    if (!group) throw new RangeError("There is no mean of no images");
    return Float32Array.from(group.sum, (sum) => sum / group.images);
  }
}
