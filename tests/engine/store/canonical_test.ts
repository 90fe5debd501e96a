import { assert, assertEquals, assertThrows } from "@std/assert";
import { canonicalJson, sameJson } from "../../../src/engine/store/canonical.ts";
import { digestFile, digestOf } from "../../../src/engine/store/digest.ts";
import { instanceKey, type KeyParts } from "../../../src/engine/store/key.ts";
import {
  checkArtifactPaths,
  decodeManifest,
  encodeManifest,
} from "../../../src/engine/store/manifest.ts";
import type { Json } from "../../../src/workflow/step.ts";
import { DataError } from "../../../src/errors.ts";
import { inFolder } from "../scratch.ts";

Deno.test("equal values have one canonical form, whatever their order", () => {
  assertEquals(canonicalJson({ b: [1, 2.50, 1e21], a: null }), '{"a":null,"b":[1,2.5,1e+21]}');
  assertEquals(canonicalJson({ a: 1, b: 2 }), canonicalJson({ b: 2, a: 1 }));
  assertEquals(canonicalJson(1e-4), canonicalJson(0.0001));
});

Deno.test("values of different kinds never share a form", () => {
  const values: Json[] = [0, -0, "0", false, null, "", [], {}, [0], ["0"], { a: 0 }, "null", [[]], [
    {},
  ]];
  const forms = values.map((value) => canonicalJson(value));
  assertEquals(new Set(forms).size, values.length);
  assert(!sameJson(0, -0));
  assert(sameJson({ a: [1] }, { a: [1] }));
});

Deno.test("a canonical form is JSON that reads back as the value", () => {
  const value = { 'quote"': "\u2028é\n", list: [1.5, [true, null]], deep: { z: 1, a: {} } };
  assertEquals(JSON.parse(canonicalJson(value)), value);
});

Deno.test("NaN and infinities are refused, since JSON would write null", () => {
  for (const value of [NaN, Infinity, -Infinity]) {
    assertThrows(() => canonicalJson([value]), TypeError);
  }
});

Deno.test("every part of a key changes it, and no two ways to write one collide", () => {
  const base: KeyParts = { kind: "k", version: 1, params: { a: 1 }, paths: {}, inputs: {} };
  const variants: KeyParts[] = [
    base,
    { ...base, kind: "l" },
    { ...base, version: 2 },
    { ...base, code: "c" },
    { ...base, params: { a: 2 } },
    { ...base, params: { b: 1 } },
    { ...base, params: {}, paths: { a: 1 } },
    { ...base, params: {}, position: { a: 1 } },
    { ...base, inputs: { a: "sha256-1" } },
    { ...base, inputs: { a: [{ digest: "sha256-1", axes: {} }] } },
    { ...base, inputs: { a: [{ digest: "sha256-1", axes: { i: 1 } }] } },
    { ...base, numericClass: "x" },
  ];
  assertEquals(new Set(variants.map(instanceKey)).size, variants.length);
});

Deno.test("a file's digest is that of its bytes, at any length around the buffer's", () =>
  inFolder(async (folder) => {
    for (const size of [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_000_000]) {
      const bytes = new Uint8Array(size).map((_, index) => index * 7);
      await Deno.writeFile(`${folder}/file`, bytes);
      assertEquals(await digestFile(`${folder}/file`), { digest: digestOf(bytes), size });
    }
  }));

Deno.test("a manifest reads back, and its bytes don't depend on the order of meta", () => {
  const files = [{ path: "a/b.txt", digest: digestOf("x"), size: 1 }];
  const manifest = {
    type: "t",
    meta: { z: 1, a: [2] },
    files,
    items: [{ digest: digestOf("y"), size: 2 }],
  };
  assertEquals(decodeManifest(encodeManifest(manifest)), manifest);
  assertEquals(
    encodeManifest({ ...manifest, meta: { a: [2], z: 1 } }),
    encodeManifest(manifest),
  );
});

Deno.test("paths that leave an artifact are refused", () => {
  for (const path of ["", "/etc/passwd", "../up", "a/../../b", "a//b", "a/./b", "a\\b", "a\0b"]) {
    assertThrows(() => checkArtifactPaths([path], "step.output"), DataError);
  }
  checkArtifactPaths(["sub-1/ses-M00/..data/x.txt"], "step.output");
});

Deno.test("paths that can't exist together are refused, in whatever order", () => {
  const pairs = [["a", "a/b"], ["a/b/c/d", "a-b", "a/b"], ["x", "0/y", "0"], ["a", "a"]];
  for (const paths of pairs) {
    assertThrows(() => checkArtifactPaths(paths, "step.output"), DataError, "step.output: ");
  }
  checkArtifactPaths(["a-b", "a/b", "a.b", "ab"], "step.output");
});
