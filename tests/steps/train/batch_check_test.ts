import { assertThrows } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import { checkBatches } from "../../../src/steps/train/batch_check.ts";

type Options = Partial<Parameters<typeof checkBatches>[0]> & {
  training?: number;
  elements?: number[];
  size?: number;
};

function check({ training = 6, elements = [12], size = 24, ...params }: Options): void {
  checkBatches(
    {
      architecture: "resnet18",
      batch_size: 5,
      dropout: 0,
      head: "clinicadl",
      multi_network: false,
      ...params,
    },
    { elements: elements.length, element_shape: [1, size, size], training, outputs: 2 },
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
  check({ size: 64 });
  check({ architecture: "Conv5_FC3", size: 64 });
});
