/** Geometry of heads: implicit shapes by signed distances in mm (negative inside), rotations. */

export type Point = readonly [number, number, number];

/** An ellipsoid about the origin; to first order: exact on the surface and close to it. */
export function ellipsoid(
  x: number,
  y: number,
  z: number,
  rx: number,
  ry: number,
  rz: number,
): number {
  const ux = x / rx, uy = y / ry, uz = z / rz;
  const radius = Math.sqrt(ux * ux + uy * uy + uz * uz);
  const sx = ux / rx, sy = uy / ry, sz = uz / rz;
  const slope = Math.sqrt(sx * sx + sy * sy + sz * sz);
  return slope === 0 ? -Math.min(rx, ry, rz) : radius * (radius - 1) / slope;
}

/** A tube through nodes, its radius changing linearly from node to node. */
export class Tube {
  readonly #segments: Float64Array;
  readonly #count: number;

  /** @param nodes at least two: position and radius in mm */
  constructor(nodes: readonly { at: Point; radius: number }[]) {
    this.#count = nodes.length - 1;
    this.#segments = Float64Array.from(
      nodes.slice(1).flatMap((node, i) => {
        const from = nodes[i];
        const along = node.at.map((value, axis) => value - from.at[axis]);
        const squared = along.reduce((sum, value) => sum + value * value, 0);
        return [...from.at, ...along, squared, from.radius, node.radius - from.radius];
      }),
    );
  }

  /** Signed distance with every radius multiplied by `scale`. */
  distance(x: number, y: number, z: number, scale = 1): number {
    const segments = this.#segments;
    let nearest = Infinity;
    for (let segment = 0, at = 0; segment < this.#count; segment++, at += 9) {
      const px = x - segments[at], py = y - segments[at + 1], pz = z - segments[at + 2];
      const dx = segments[at + 3], dy = segments[at + 4], dz = segments[at + 5];
      const along = (px * dx + py * dy + pz * dz) / segments[at + 6];
      const t = along < 0 ? 0 : along > 1 ? 1 : along;
      const ex = px - t * dx, ey = py - t * dy, ez = pz - t * dz;
      const radius = (segments[at + 7] + segments[at + 8] * t) * scale;
      const distance = Math.sqrt(ex * ex + ey * ey + ez * ez) - radius;
      if (distance < nearest) nearest = distance;
    }
    return nearest;
  }
}

/** Union of two shapes with a fillet of about `width` mm (polynomial smooth minimum). */
export function blend(a: number, b: number, width: number): number {
  const overlap = Math.max(width - Math.abs(a - b), 0) / width;
  return Math.min(a, b) - overlap * overlap * width / 4;
}

/** 0 at `from`, 1 at `to` (which may lie below `from`), with level ends. */
export function smoothStep(from: number, to: number, x: number): number {
  const t = Math.min(1, Math.max(0, (x - from) / (to - from)));
  return t * t * (3 - 2 * t);
}

/** Row-major 3 by 3 rotation about x, then y, then z; radians. */
export function rotationMatrix([a, b, c]: readonly number[]): number[] {
  const [ca, sa, cb, sb, cc, sc] = [a, b, c].flatMap((t) => [Math.cos(t), Math.sin(t)]);
  // deno-fmt-ignore
  return [
    cc * cb, cc * sb * sa - sc * ca, cc * sb * ca + sc * sa,
    sc * cb, sc * sb * sa + cc * ca, sc * sb * ca - cc * sa,
    -sb, cb * sa, cb * ca,
  ];
}
