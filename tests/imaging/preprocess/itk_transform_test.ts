import { assertEquals } from "@std/assert";
import { writeItkTransform } from "../../../src/imaging/preprocess/itk_transform.ts";

Deno.test("a transform has the bytes that ANTs writes, in LPS", () => {
  // deno-fmt-ignore
  const affine = Float64Array.of(
    0.984375, -0.125, 0.0625, 0.375,
    0.09375, 1.03125, -0.015625, -1.25,
    -0.03125, 0.046875, 0.96875, 0.3125,
    0, 0, 0, 1,
  );
  // ants.write_transform of antspyx 0.6.3, with the matrix and the translation turned to LPS.
  assertEquals(
    writeItkTransform(affine).toBase64(),
    "AAAAAAwAAAABAAAAAAAAABsAAABBZmZpbmVUcmFuc2Zvcm1fZG91YmxlXzNfMwAAAAAAAIDvPwAAAAAAAMC/AAAAAAAAsL8A" +
      "AAAAAAC4PwAAAAAAgPA/AAAAAAAAkD8AAAAAAACgPwAAAAAAAKi/AAAAAAAA7z8AAAAAAADYvwAAAAAAAPQ/AAAAAAAA1D8A" +
      "AAAAAwAAAAEAAAAAAAAABgAAAGZpeGVkAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
  );
});
