import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { gunzipSync, gzipSync } from "node:zlib";
import { DataError } from "../../../src/errors.ts";
import { Scratch } from "../../../src/imaging/nifti/gzip.ts";
import {
  readHeader,
  readNifti,
  type Volume,
  volumeShape,
} from "../../../src/imaging/nifti/nifti.ts";
import { MAX_IMAGE_BYTES } from "../../../src/imaging/nifti/header.ts";
import { writeNifti } from "../../../src/imaging/nifti/write.ts";
import { scaledVoxels } from "../../../src/imaging/extract/voxels.ts";
import cases from "../../fixtures/imaging/nifti.json" with { type: "json" };

const file = (name: string): Uint8Array<ArrayBuffer> => {
  const found = cases.find((one) => one.name === name);
  assert(found, name);
  return Uint8Array.fromBase64(found.files[0]);
};

/** A sound single-file NIfTI-1 image (3 x 2 x 2, int16), changed by `edit`. */
function edited(edit: (view: DataView, bytes: Uint8Array) => void): Uint8Array<ArrayBuffer> {
  const bytes = file("NIfTI-1 i2 <");
  edit(new DataView(bytes.buffer), bytes);
  return bytes;
}

function refuses(bytes: Uint8Array, problem: string): void {
  assertThrows(() => readNifti(bytes, "sub-01.nii"), DataError, `sub-01.nii: ${problem}`);
}

for (const { name, files, shape, affine, values } of cases) {
  Deno.test(`${name} reads as in nibabel`, () => {
    const [bytes, image] = files.map((base64) => Uint8Array.fromBase64(base64));
    const volume = readNifti(bytes, "image.nii", image);
    assertEquals(volume.shape, shape);
    affine.forEach((value, i) => assertAlmostEquals(volume.affine[i], value, 1e-6));
    const read = scaledVoxels(volume, name);
    assertEquals(read.length, shape.reduce((product, extent) => product * extent));
    values.forEach((value, i) => assertEquals(read[i], value));
  });
}

Deno.test("reading changes no byte of the caller's", () => {
  const bytes = file("NIfTI-1 f4 >");
  const copy = bytes.slice();
  readNifti(bytes, "image.nii");
  readNifti(Buffer.from(bytes.buffer), "image.nii");
  assertEquals(bytes, copy);
});

Deno.test("a header is read without its voxels, and its text ends at the first NUL", () => {
  const bytes = edited((_, all) => all.set(new TextEncoder().encode("made\0junk"), 148));
  assertEquals(readHeader(bytes.subarray(0, 352), "image.nii").description, "made");
  assertEquals(readHeader(file("NIfTI-1 long description"), "image.nii").description.length, 79);
});

Deno.test("a header of a pair without its image is refused", () => {
  refuses(file("NIfTI-1 pair <"), "the voxels of this header are in another file");
});

Deno.test("truncated voxels are refused", () => {
  refuses(file("NIfTI-1 i2 <").subarray(0, 370), "truncated: 370 bytes, but 3 x 2 x 2 int16");
  const gz = gzipSync(file("NIfTI-1 i2 <").subarray(0, 370));
  refuses(gz, "truncated: 370 bytes");
});

Deno.test("a rank or an extent that can't be is refused", () => {
  refuses(edited((view) => view.setInt16(40, 9, true)), "dim[0] is 9");
  refuses(edited((view) => view.setInt16(40, 0, true)), "dim[0] is 0");
  refuses(edited((view) => view.setInt16(44, -2, true)), "dim[2] is -2");
  const second = file("NIfTI-2 i2 >");
  new DataView(second.buffer).setBigInt64(32, -2n, false);
  refuses(second, "dim[2] is -2");
});

Deno.test("more voxels than the limit are refused before they are allocated", () => {
  const huge = edited((view) => [42, 44, 46].forEach((at) => view.setInt16(at, 32767, true)));
  refuses(huge, `32767 x 32767 x 32767 int16 voxels exceed the limit of ${MAX_IMAGE_BYTES}`);
  refuses(gzipSync(huge), "32767 x 32767 x 32767 int16 voxels exceed");
});

Deno.test("datatypes that are unknown or not real are refused", () => {
  refuses(edited((view) => view.setInt16(70, 3, true)), "unknown datatype 3");
  for (
    const [code, type] of [[128, "RGB"], [2304, "RGBA"], [32, "complex64"], [1536, "float128"]]
  ) {
    refuses(edited((view) => view.setInt16(70, Number(code), true)), `voxels of type ${type} `);
  }
});

Deno.test("a bitpix that contradicts the datatype is passed over, as in nibabel, and known", () => {
  const wrong = edited((view) => view.setInt16(72, 8, true));
  const sound = readNifti(file("NIfTI-1 i2 <"), "image.nii");
  assertEquals(readNifti(wrong, "image.nii").voxels, sound.voxels);
  assertEquals(readNifti(wrong, "image.nii").contradictions, [
    "bitpix is 8, but int16 voxels have 16 bits",
  ]);
  assertEquals(sound.contradictions, []);
});

Deno.test("a voxel offset inside the header, NaN, fractional or beyond the file is refused", () => {
  for (const offset of [0, 200, NaN, Infinity, 352.5, -1]) {
    refuses(edited((view) => view.setFloat32(108, offset, true)), `vox_offset is ${offset}`);
  }
  refuses(edited((view) => view.setFloat32(108, 1e6, true)), "truncated");
});

Deno.test("an intercept that is not finite beside a slope is refused", () => {
  const bytes = edited((view) => {
    view.setFloat32(112, 2, true);
    view.setFloat32(116, NaN, true);
  });
  refuses(bytes, "scl_inter is NaN");
});

Deno.test("an affine that is not finite, or a quaternion much too long, is refused", () => {
  refuses(edited((view) => view.setFloat32(280, NaN, true)), "its affine has values that are not");
  const quaternion = file("NIfTI-1 qform");
  new DataView(quaternion.buffer).setFloat32(256, 3, true);
  refuses(quaternion, "its qform quaternion (3, ");
});

Deno.test("files that are not NIfTI are refused by what is wrong with them", () => {
  refuses(new Uint8Array(0), "not a NIfTI file: 0 bytes");
  refuses(new Uint8Array(200), "not a NIfTI file: 200 bytes");
  refuses(new Uint8Array(350), "not a NIfTI file: it does not begin with");
  refuses(edited((_, bytes) => bytes.fill(0, 344, 348)), 'not a NIfTI file: magic "" (an Analyze');
  refuses(edited((_, bytes) => bytes.fill(7, 344, 347)), 'not a NIfTI file: magic "???"');
  refuses(file("NIfTI-1 i2 <").subarray(0, 350), "truncated");
  refuses(file("NIfTI-2 i2 <").subarray(0, 350), "truncated: 350 bytes of a 540-byte header");
});

Deno.test("extensions, whatever they claim, neither loop nor move the voxels", () => {
  const sound = readNifti(file("NIfTI-1 i2 <"), "image.nii");
  const flagged = edited((_, bytes) => bytes[348] = 1);
  assertEquals(readNifti(flagged, "image.nii").voxels, sound.voxels);
  const bytes = new Uint8Array(352 + 32 + 24);
  bytes.set(flagged.subarray(0, 352));
  bytes.set(flagged.subarray(352), 384);
  const view = new DataView(bytes.buffer);
  view.setFloat32(108, 384, true);
  view.setInt32(352, 16, true);
  view.setInt32(368, -16, true);
  for (const form of [bytes, gzipSync(bytes), Buffer.from(bytes)]) {
    assertEquals(readNifti(form, "image.nii").voxels, sound.voxels);
  }
});

Deno.test("a gzip with a wrong checksum, a lying size or a cut end is refused", () => {
  const gz = new Uint8Array(gzipSync(file("NIfTI-1 i2 <")));
  const changed = (at: number, value: number) => {
    const copy = gz.slice();
    copy[copy.length + at] ^= value;
    return copy;
  };
  refuses(changed(-8, 1), "broken gzip file (");
  refuses(changed(-4, 1), "broken gzip file (");
  refuses(changed(-1, 255), "broken gzip file (");
  refuses(gz.subarray(0, gz.length - 20), "broken gzip file (unexpected end of file)");
  refuses(gz.subarray(0, 2), "broken gzip file (unexpected end of file)");
});

Deno.test("a gzip of several members, or with zeros behind it, is read whole", () => {
  const bytes = file("NIfTI-1 i2 <");
  const members = [gzipSync(bytes.subarray(0, 300)), gzipSync(bytes.subarray(300))];
  const joined = new Uint8Array([...members[0], ...members[1], 0, 0, 0]);
  assertEquals(
    readNifti(joined, "image.nii.gz").voxels,
    readNifti(bytes, "image.nii").voxels,
  );
});

/** The gzip file with a field of `length` bytes in its header. */
function withExtraField(gz: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const head = new Uint8Array(12 + length).fill(65, 12);
  head.set(gz.subarray(0, 10));
  head[3] |= 4;
  new DataView(head.buffer).setUint16(10, length, true);
  return new Uint8Array(Buffer.concat([head, gz.subarray(10)]));
}

Deno.test("a header behind a comment of 4 MB is read without inflating a long image", () => {
  // Two members: one with the comment, and one of 2 GB of zeros, of which nothing is needed.
  const gz = gzipSync(file("NIfTI-1 i2 <"));
  const comment = new Uint8Array(4 * 2 ** 20).fill(0x61);
  const commented = Buffer.concat([
    gz.subarray(0, 10),
    comment,
    new Uint8Array(1),
    gz.subarray(10),
  ]);
  commented[3] = 16;
  const zeros = gzipSync(new Uint8Array(2 ** 22));
  const bytes = new Uint8Array(Buffer.concat([commented, ...Array(500).fill(zeros)]));
  const start = performance.now();
  assertEquals(readHeader(bytes, "sub-01.nii.gz").shape, [3, 2, 2]);
  assert(performance.now() - start < 500, `read in ${performance.now() - start} ms`);
});

Deno.test("long gzip headers, and padding or rubbish behind the image, are read as in nibabel", () => {
  const affine = Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
  const voxels = Uint8Array.from({ length: 512 }, (_, i) => i * i);
  const gz = writeNifti({ shape: [8, 8, 8], voxels, affine });
  const bytes = gunzipSync(gz);
  const long = Buffer.concat([bytes, new Uint8Array(100_000).map((_, i) => (i * i * 7919) >> 5)]);
  const files: Record<string, Uint8Array> = {
    "an extra field of 5 kB": withExtraField(gz, 5000),
    "an extra field of 65 kB": withExtraField(gz, 65_535),
    "the longest extra field, of a long file": withExtraField(gzipSync(long), 65_535),
    "2 MiB of zeros behind the member": Buffer.concat([gz, new Uint8Array(2 ** 21)]),
    "rubbish behind the member": Buffer.concat([gz, new TextEncoder().encode("trailing rubbish")]),
    "2 MiB of zeros behind the voxels": gzipSync(Buffer.concat([bytes, new Uint8Array(2 ** 21)])),
  };
  for (const [name, content] of Object.entries(files)) {
    const copy = new Uint8Array(content);
    const volume = readNifti(copy, name);
    assertEquals(volume.voxels, voxels, name);
    const following = name.endsWith("behind the voxels") ? ["2097152 bytes follow its voxels"] : [];
    if (content !== files["the longest extra field, of a long file"]) {
      assertEquals(volume.contradictions, following, name);
    }
    // Opening a data set reads the start alone.
    assertEquals(readHeader(copy.subarray(0, 2 ** 17), name).shape, [8, 8, 8], name);
  }
});

Deno.test("pointers and web pages in place of an image are recognised", () => {
  const problems: Record<string, string> = {
    "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n":
      "a Git LFS pointer, not the image itself; fetch the images with `git lfs pull`",
    "/annex/objects/MD5E-s12345--abcdef.nii.gz\n":
      "a git-annex pointer whose content is not here; fetch it with `git annex get`",
    "../../.git/annex/objects/zq/W1/MD5E-s1.nii.gz/MD5E-s1.nii.gz":
      "a git-annex pointer whose content is not here; fetch it with `git annex get`",
    "<!DOCTYPE html>\n<html><body>Sign in</body></html>": "a web page",
    "hello": "not a NIfTI file: 5 bytes",
  };
  for (const [text, problem] of Object.entries(problems)) {
    refuses(new TextEncoder().encode(text), problem);
  }
});

Deno.test("one image after another is read into the same memory", () => {
  const scratch = new Scratch();
  const gz = (name: string) => gzipSync(file(name));
  const first = readNifti(gz("NIfTI-1 f4 >"), "image.nii.gz", undefined, scratch);
  assertEquals(first.voxels, readNifti(file("NIfTI-1 f4 >"), "image.nii").voxels);
  const second = readNifti(gz("NIfTI-1 i2 <"), "image.nii.gz", undefined, scratch);
  assertEquals(second.voxels, readNifti(file("NIfTI-1 i2 <"), "image.nii").voxels);
  assert(first.voxels.buffer === second.voxels.buffer);
});

Deno.test("a gzip bomb is refused after little more than its image would need", () => {
  const content = new Uint8Array(2 ** 26);
  content.set(file("NIfTI-1 i2 <"));
  const bomb = gzipSync(content);
  const start = performance.now();
  refuses(bomb, "inflates to more than the ");
  assert(performance.now() - start < 1000);
  const claim = edited((view) => [42, 44, 46].forEach((at) => view.setInt16(at, 800, true)));
  refuses(gzipSync(claim), "truncated: ");
});

Deno.test("mutated files are read or refused as data, in bounded time", () => {
  const seeds = cases.filter(({ files }) => files.length === 1).map(({ name }) => file(name));
  let state = 20261123;
  const random = (below: number) => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9 | 0;
    return ((state ^ (state >>> 13)) >>> 0) % below;
  };
  const count = Deno.env.get("GYRUS_TEST_FULL") === "1" ? 10_000 : 500;
  let refused = 0;
  for (let i = 0; i < count; i++) {
    const bytes = seeds[random(seeds.length)].slice();
    const compress = random(2) === 1;
    for (let edits = 1 + random(6); edits > 0; edits--) {
      // Most edits fall on the header, where they matter.
      const at = random(random(4) === 0 ? bytes.length : Math.min(bytes.length, 360));
      if (random(3) === 0) bytes.fill([0, 255, 127, 128][random(4)], at, at + 1 + random(8));
      else bytes[at] ^= 1 << random(8);
    }
    const cut = random(8) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
    const mutant = compress ? gzipSync(cut, { level: 1 }) : cut;
    const start = performance.now();
    try {
      const volume = readNifti(mutant, "mutant.nii");
      assert(volume.voxels.byteLength <= 2 * MAX_IMAGE_BYTES);
      assert(volume.affine.every(Number.isFinite));
    } catch (error) {
      assert(error instanceof DataError, `mutant ${i}: ${error}`);
      assert(error.message.startsWith("mutant.nii: "));
      refused++;
    }
    assert(performance.now() - start < 1000, `mutant ${i} took too long`);
  }
  assert(refused > count / 4, `only ${refused} of ${count} were refused`);
});

Deno.test("one volume is distinguished from several, and from a slice", () => {
  assertEquals(volumeShape([3, 2, 2, 1], "image.nii"), [3, 2, 2]);
  assertThrows(() => volumeShape([3, 2, 2, 5], "image.nii"), DataError, "has 5 volumes");
  assertThrows(() => volumeShape([3, 2], "image.nii"), DataError, "2 dimensions");
});

const affine = Float64Array.of(-2, 0, 0, 90, 0, 0, 2.5, -126, 0, 1.5, 0, -72, 0, 0, 0, 1);

Deno.test("what is written reads back, by both of its transforms", () => {
  const arrays = [
    Float32Array.from({ length: 24 }, (_, i) => i / 7),
    Int16Array.from({ length: 24 }, (_, i) => i * 1000 - 9000),
    Uint8Array.from({ length: 24 }, (_, i) => i),
  ];
  for (const voxels of arrays) {
    const bytes = writeNifti({ shape: [4, 3, 2], voxels, affine, space: "mni152" });
    const check = (volume: Volume, tolerance: number) => {
      assertEquals(volume.shape, [4, 3, 2]);
      assertEquals(volume.voxels, voxels);
      affine.forEach((value, i) => assertAlmostEquals(volume.affine[i], value, tolerance));
    };
    check(readNifti(bytes, "image.nii.gz"), 0);
    const plain = new Uint8Array(gunzipSync(bytes));
    new DataView(plain.buffer).setInt16(254, 0, true);
    // A quarter turn about x after a flip: float32 leaves half the digits of the quaternion's a.
    check(readNifti(plain, "image.nii"), 1e-3);
  }
});

Deno.test("written bytes hold neither time nor platform, and come out the same twice", () => {
  const volume = { shape: [4, 3, 2], voxels: new Float32Array(24), affine };
  const bytes = writeNifti(volume);
  assertEquals(bytes.subarray(0, 10), Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255));
  assertEquals(writeNifti(volume), bytes);
});

Deno.test("a sheared affine is written to the sform alone", () => {
  const sheared = affine.slice();
  sheared[1] = 0.5;
  const bytes = writeNifti({ shape: [4, 3, 2], voxels: new Uint8Array(24), affine: sheared });
  assertEquals(new DataView(new Uint8Array(gunzipSync(bytes)).buffer).getInt16(252, true), 0);
  assertEquals(readNifti(bytes, "image.nii.gz").affine, sheared);
});

Deno.test("a shape that does not fit is refused when writing", () => {
  const voxels = new Uint8Array(24);
  assertThrows(() => writeNifti({ shape: [4, 3], voxels, affine }), RangeError);
  assertThrows(() => writeNifti({ shape: [4, 3, 3], voxels, affine }), RangeError);
});
