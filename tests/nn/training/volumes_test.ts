/** Networks of volumes as PyTorch trains them; the large ones with GYRUS_TEST_FULL=1. */
import { asClass } from "../../gpu/adapters.ts";
import { volumeFixtures } from "../fixture.ts";
import {
  assertGradients,
  assertLogits,
  assertLosses,
  trainFixture,
  withDevice,
} from "./fixture_training.ts";

/** A network of volumes and its fixture. */
const ofVolumes = (architecture: string) => ({
  architecture,
  fixture: volumeFixtures[architecture],
});

const full = Deno.env.get("GYRUS_TEST_FULL") === "1";

// Three times what PyTorch's own float32 is off, where rounding moves an input of a ReLU to the other side
// of zero or a maximum to another voxel.
const tolerances = { Conv5_FC3: 2e-5, ResNet3D: 5e-4, SqueezeExcitationCNN: 8e-3, resnet18: 3e-3 };
const networks = full ? Object.keys(tolerances) : ["Conv5_FC3"];
for (const name of networks) {
  const tolerance = tolerances[name as keyof typeof tolerances];
  Deno.test(`the gradients of ${name} of volumes have PyTorch's norms, its evaluation PyTorch's logits`, async () => {
    await withDevice((device) => assertGradients(device, ofVolumes(name), tolerance));
  });
}

Deno.test("the kernels of discrete adapters give gradients of volumes with PyTorch's norms too", async () => {
  await withDevice((opened) => {
    const device = asClass(opened, "discrete");
    return assertGradients(device, ofVolumes("Conv5_FC3"), tolerances.Conv5_FC3);
  });
});

const trainings = full
  ? Object.entries(volumeFixtures).flatMap(([name, { training }]) =>
    Object.keys(training).map((optimizer) => [name, optimizer])
  )
  : [["Conv5_FC3", "Adam"]];
for (const [name, optimizer] of trainings) {
  Deno.test(`ten steps of ${name} of volumes with ${optimizer} give PyTorch's losses`, async () => {
    await withDevice(async (device) => {
      const problem = ofVolumes(name);
      const { losses, logits } = await trainFixture(device, problem, optimizer, 10);
      assertLosses(problem, optimizer, losses);
      assertLogits(problem, optimizer, logits);
    });
  });
}
