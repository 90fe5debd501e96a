import { assertEquals, assertStringIncludes } from "@std/assert";
import type { MapsDescription } from "../../../src/maps/description.ts";
import { clinicadlLimits } from "../../../src/steps/maps/clinicadl_limits.ts";

const t1 = { preprocessing: "t1-linear" };

function limits(mode: string, more: Partial<MapsDescription> = {}): string[] {
  const { extraction, ...rest } = more;
  return clinicadlLimits({
    architecture: "Conv5_FC3",
    mode,
    multi_network: false,
    elements: [0, 1],
    parameters: {},
    ...rest,
    extraction: { mode, ...t1, ...extraction },
  } as MapsDescription);
}

function assertLimit(found: string[], text: string): void {
  assertEquals(found.length, 1, found.join("; "));
  assertStringIncludes(found[0], text);
}

Deno.test("ClinicaDL predicts with consecutive slices and uncut images of Clinica as they are", () => {
  assertEquals(limits("slice"), []);
  assertEquals(limits("image", { elements: [0] }), []);
});

Deno.test("what ClinicaDL needs besides the published elements is stated", () => {
  assertLimit(limits("patch"), "publish those of extract.images into the same CAPS");
  // With a network a patch it counts nothing.
  assertEquals(limits("patch", { multi_network: true }), []);
  assertLimit(limits("roi"), "in masks/tpl-MNI152NLin2009cSym of the CAPS and with _desc-Crop_");
  assertLimit(
    limits("roi", { extraction: { preprocessing: "custom", roi_custom_template: "own" } }),
    "in masks/tpl-own of the CAPS",
  );
});

Deno.test("what ClinicaDL can't use is stated: images of BIDS, other slices, networks, normalisation", () => {
  assertLimit(limits("slice", { extraction: { preprocessing: "T1w" } }), "and these are T1w");
  assertLimit(limits("slice", { elements: [5, 8] }), "consecutive slices only, and these are 5, 8");
  assertLimit(limits("slice", { architecture: "resnet34" }), "ClinicaDL has no resnet34");
  assertLimit(
    limits("slice", { parameters: { normalization_level: "image" } }),
    "normalises each element by itself",
  );
});
