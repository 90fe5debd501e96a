/** Weights as MedicalNet publishes them: a state dict of DataParallel, without a head. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import { writeTorch } from "../../../src/formats/torch_checkpoint.ts";
import { type NetworkParameters, newNetwork } from "../../../src/steps/model/network.ts";
import { checkWeightsFile } from "../../../src/steps/model/weights.ts";
import { createNetworks } from "../../../src/steps/train/initial_weights.ts";
import { classificationParameters } from "../../../src/steps/train/parameters.ts";
import type { TrainingContext, TrainingData } from "../../../src/steps/train/training_data.ts";

const MEDICALNET = { architecture: "resnet18", shortcut_type: "A", conv1_t_stride: 2 } as const;
const SHAPE = [1, 32, 32, 32];

Deno.test("a MedicalNet checkpoint of a ResNet-18 of volumes starts a training, its head at random", async (t) => {
  const network = newNetwork(MEDICALNET, SHAPE, 2);
  const tensors = [...network.parameters.tensors, ...network.statistics.tensors]
    .filter(({ name }) => !name.startsWith("fc."));
  const data = new Float32Array(Math.max(...tensors.map(({ count }) => count))).fill(0.25);
  const stateDict = Object.fromEntries(
    tensors.map(({ name, shape, count }) =>
      [`module.${name}`, { dtype: "float32", shape, data: data.subarray(0, count) }] as const
    ),
  );
  const file = await Deno.makeTempFile({ suffix: ".pth" });
  try {
    await Deno.writeFile(file, writeTorch({ epoch: 1, state_dict: stateDict }));
    await checkWeightsFile(MEDICALNET, file, 3);
    const refused = (parameters: NetworkParameters, dimensions: 2 | 3, problem: string) =>
      assertRejects(() => checkWeightsFile(parameters, file, dimensions), DataError, problem);
    await t.step("other shortcuts are refused, with the parameter that chooses them", async () => {
      const problem = 'shortcut_type = "B" has these tensors, "A" has not';
      await refused({ ...MEDICALNET, shortcut_type: "B" }, 3, problem);
    });
    await t.step("slices are refused: their convolutions have two axes", async () => {
      const problem = "conv1.weight is [64, 1, 7, 7, 7], not [64, 1, 7, 7]";
      await refused({ architecture: "resnet18" }, 2, problem);
    });
    const logs: string[] = [];
    const bytes = await Deno.readFile(file);
    const context = {
      params: classificationParameters.parse({ ...MEDICALNET, initial_weights: file }),
      inputs: {},
      external: () => Promise.resolve({ digest: "sha256-0", size: bytes.length }),
      get: () => Promise.resolve(bytes),
      log: (line: string) => logs.push(line),
    } as unknown as TrainingContext;
    const images = { elements: [0] } as unknown as TrainingData["images"];
    const [{ initialState }] = await createNetworks(
      context,
      { images, networks: [network] } as unknown as TrainingData,
    );
    assertEquals(logs, [`${file} has nothing for fc.weight, fc.bias: initialised at random`]);
    const { parameters } = await initialState();
    const of = (name: string) => {
      const { offset, count } = network.parameters.get(name);
      return parameters.subarray(offset, offset + count);
    };
    assert(of("layer3.1.conv2.weight").every((value) => value === 0.25));
    assert(new Set(of("fc.weight")).size > 1000);
  } finally {
    await Deno.remove(file);
  }
});
