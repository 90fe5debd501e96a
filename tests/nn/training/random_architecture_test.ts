/** RandomArchitecture against ClinicaDL's own module: its tensors, gradients and trainings. */
import { assertEquals } from "@std/assert";
import type { InputShape } from "../../../src/nn/network.ts";
import { createNetwork } from "../../../src/nn/networks/mod.ts";
import { createBlankState, exportState } from "../../../src/nn/state_dict.ts";
import {
  describeArchitecture,
  describedArchitecture,
} from "../../../src/steps/model/random_architecture.ts";
import type { Json } from "../../../src/workflow/step.ts";
import { asClass } from "../../gpu/adapters.ts";
import type { TrainingFixture } from "../fixture.ts";
import {
  assertGradients,
  assertLogits,
  assertLosses,
  trainFixture,
  withDevice,
} from "./fixture_training.ts";

type Parameters = Readonly<Record<string, Json>>;

const { drawn, networks }: {
  drawn: {
    input: InputShape;
    outputs: number;
    parameters: Parameters;
    tensors: [string, number[]][];
  }[];
  networks: Record<string, TrainingFixture & { parameters: Parameters }>;
} = JSON.parse(
  Deno.readTextFileSync(new URL("../../fixtures/nn/random_architecture.json", import.meta.url)),
);

Deno.test("networks that ClinicaDL's random search draws have its tensors", () => {
  for (const { input, outputs, parameters, tensors } of drawn) {
    const random = describedArchitecture(parameters)!;
    assertEquals(describeArchitecture(random), parameters);
    const network = createNetwork("RandomArchitecture", input, outputs, { random });
    const state = exportState(network, createBlankState(network), "clinicadl");
    assertEquals([...state].map(([name, { shape }]) => [name, [...shape]]), tensors);
  }
});

const full = Deno.env.get("GYRUS_TEST_FULL") === "1";

const problems = Object.entries(networks).map(([name, fixture]) => ({
  architecture: "RandomArchitecture",
  name,
  fixture,
  options: { random: describedArchitecture(fixture.parameters) },
}));

Deno.test("RandomArchitecture has ClinicaDL's gradients and logits, on GPUs' kernels too", async () => {
  await withDevice(async (opened) => {
    for (const problem of problems) await assertGradients(opened, problem, 2e-5);
    for (const problem of full ? problems : problems.slice(0, 1)) {
      await assertGradients(asClass(opened, "discrete"), problem, 2e-5);
    }
  });
});

Deno.test("steps of RandomArchitecture give ClinicaDL's losses", async () => {
  await withDevice(async (device) => {
    for (const problem of problems) {
      for (const optimizer of ["SGD", "Adam"]) {
        const { losses, logits } = await trainFixture(device, problem, optimizer, 6);
        assertLosses(problem, optimizer, losses);
        assertLogits(problem, optimizer, logits);
      }
    }
  });
});
