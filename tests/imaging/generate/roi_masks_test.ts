import { assert, assertEquals } from "@std/assert";
import { Random } from "../../../src/random.ts";
import { meanAnatomy } from "../../../src/imaging/generate/anatomy.ts";
import { renderPhantom } from "../../../src/imaging/generate/phantom.ts";
import { hippocampusMasks } from "../../../src/imaging/generate/roi_masks.ts";
import { readHead } from "../../../src/imaging/generate/volume.ts";

type Shape = [number, number, number];

const BOTH = ["leftHippocampusBox", "rightHippocampusBox"] as const;

function readMasks(shape: Shape) {
  return Object.entries(hippocampusMasks(shape, BOTH)).map(([path, bytes]) =>
    readHead(bytes, path)
  );
}

/** The mean head with other hippocampi and without noise. */
function head(shape: Shape, hippocampusScale: [number, number]) {
  return renderPhantom({ ...meanAnatomy(), hippocampusScale }, shape, new Random(0, "no noise"));
}

Deno.test("atrophy of a hippocampus changes voxels of its own box alone", () => {
  for (const shape of [[64, 64, 64], [50, 70, 60]] as Shape[]) {
    const [left, right] = readMasks(shape);
    const healthy = head(shape, [1.2, 1.2]);
    const boxes = [[left, head(shape, [0.5, 1.2])], [right, head(shape, [1.2, 0.5])]] as const;
    for (const [box, shrunken] of boxes) {
      const changed = healthy.data.filter((value, at) => value !== shrunken.data[at]).length;
      const outside = healthy.data.filter((value, at) =>
        box.data[at] === 0 && value !== shrunken.data[at]
      ).length;
      assert(changed > 50, `${changed} voxels differ`);
      assertEquals(outside, 0);
    }
  }
});

Deno.test("both boxes are cubes of 56 mm on the grid of the heads", () => {
  for (
    const [shape, edge] of [[[64, 64, 64], 18], [[85, 104, 90], 28], [[8, 9, 10], 3]] as const
  ) {
    for (const { data, affine } of readMasks([...shape])) {
      assertEquals(data.filter((value) => value === 1).length, edge ** 3);
      assertEquals(data.filter((value) => value === 0).length, data.length - edge ** 3);
      assert(Math.ceil(56 / affine[0]) === edge);
    }
  }
  const [{ affine, shape }] = readMasks([40, 50, 60]);
  const image = head([40, 50, 60], [1, 1]);
  assertEquals([shape, affine.map(Math.fround)], [image.shape, image.affine.map(Math.fround)]);
});
