import { assertThrows } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import { newNetwork } from "../../../src/steps/model/network.ts";
import { checkBatches } from "../../../src/steps/train/batch_check.ts";

interface Options extends Partial<Parameters<typeof checkBatches>[0]> {
  architecture?: string;
  training?: number;
  elements?: number[];
  shape?: number[];
}

function check(
  { architecture = "resnet18", training = 6, elements = [12], shape = [24, 24], ...params }:
    Options,
): void {
  checkBatches(
    { batch_size: 5, multi_network: false, ...params },
    [newNetwork({ architecture }, [1, ...shape], 2)],
    { elements: elements.length, training },
  );
}

Deno.test("a last batch of one item is refused where a ResNet's maps have one pixel, with sizes that work", () => {
  assertThrows(
    () => check({}),
    DataError,
    "batch_size: 5 leaves one of 6 training items in the last batch, and layer4.0.bn1 has maps of " +
      "one pixel, so that batch normalisation needs two items a batch; use 4, 6, 3",
  );
  assertThrows(() => check({ batch_size: 1 }), DataError, "batch_size: is 1, and layer4.0.bn1");
  assertThrows(() => check({ training: 1 }), DataError, "there is one training item only");
  // Three participants with three slices each, for one network or for three.
  const three = { training: 3, elements: [1, 2, 3] };
  assertThrows(() => check({ ...three, batch_size: 4 }), DataError, "one of 9 training items");
  assertThrows(
    () => check({ ...three, batch_size: 2, multi_network: true }),
    DataError,
    "one of 3 training items in the last batch",
  );
});

Deno.test("batches that leave several values a channel are taken", () => {
  for (const batch_size of [2, 3, 4, 6, 8]) check({ batch_size });
  check({ shape: [64, 64] });
  check({ architecture: "Conv5_FC3", shape: [64, 64] });
});

Deno.test("the maps of a volume have one voxel where its depth, height and width are one", () => {
  const volumes = { architecture: "Conv5_FC3", elements: [0, 1] };
  assertThrows(
    () => check({ ...volumes, training: 8, shape: [16, 16, 16] }),
    DataError,
    "batch_size: 5 leaves one of 16 training items in the last batch, and convolutions.17 has maps of " +
      "one voxel, so that batch normalisation needs two items a batch; use 4, 6, 7",
  );
  check({ ...volumes, training: 8, shape: [17, 16, 16] });
  check({ ...volumes, training: 8, shape: [16, 16, 16], batch_size: 4 });
});
