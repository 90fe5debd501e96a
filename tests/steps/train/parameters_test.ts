import { assertEquals } from "@std/assert";
import trainClassification from "../../../src/steps/train/classification.ts";

const problemsOf = (given: Record<string, unknown>) =>
  trainClassification.checkParams!(trainClassification.params.parse(given))
    .map(({ parameter, message }) => `${parameter}: ${message}`);

Deno.test("options of a ResNet of volumes are refused for other networks", () => {
  assertEquals(problemsOf({ architecture: "resnet18", shortcut_type: "A", conv1_t_stride: 2 }), []);
  assertEquals(problemsOf({ architecture: "resnet34", conv1_t_stride: 1 }), []);
  assertEquals(problemsOf({ architecture: "ResNet3D", shortcut_type: "B", conv1_t_stride: 2 }), [
    "shortcut_type: ResNet3D has no shortcut_type; resnet18 and resnet34 have one",
    "conv1_t_stride: ResNet3D has no conv1_t_stride; resnet18 and resnet34 have one",
  ]);
});

Deno.test("a reduction factor without a reduction is refused: it would change nothing", () => {
  assertEquals(problemsOf({ size_reduction: true, size_reduction_factor: 3 }), []);
  assertEquals(problemsOf({ size_reduction_factor: 3 }), [
    "size_reduction_factor: size_reduction_factor changes nothing, since images are not reduced",
  ]);
});
