/** Transfer of convolutions between networks that classify and networks that reconstruct. */
import { DataError } from "../errors.ts";
import type { Tensor } from "../formats/tensor.ts";
import type { Network } from "./network.ts";
import type { StateDict } from "./state_dict.ts";

/** Module of the convolutions in ClinicaDL's networks that classify, and in its autoencoders. */
const MODULES = ["convolutions", "encoder"] as const;

/**
 * Renames the convolutional part of `source`, `convolutions.<i>.*` or `encoder.<i>.*`, to what `network`
 * calls it, and leaves out all other tensors.
 *
 * @param subject of the weights; errors name it
 * @throws {DataError} when the network has no such part, or another one than the weights
 */
export function transferConvolutions(
  network: Network,
  source: StateDict,
  subject: string,
): StateDict {
  const tensors = [...network.parameters.tensors, ...network.statistics.tensors];
  const target = MODULES.find((module) => tensors.some(({ name }) => isWithin(name, module)));
  const origin = MODULES.find((module) =>
    [...source.keys()].some((name) => isWithin(name, module))
  );
  if (!target || !origin) {
    throw new DataError(
      subject,
      `no convolutions can be transferred to ${network.architecture}: ${
        target ? "the weights have" : "the network has"
      } neither ${MODULES.join(" nor ")}`,
    );
  }
  const renamed = new Map<string, Tensor>();
  for (const [name, tensor] of source) {
    if (isWithin(name, origin)) renamed.set(target + name.slice(origin.length), tensor);
  }
  const wanted = tensors.filter(({ name }) => isWithin(name, target));
  const different = wanted.find(({ name, shape }) =>
    renamed.get(name)?.shape.join() !== shape.join()
  );
  if (different) {
    const found = renamed.get(different.name);
    throw new DataError(
      subject,
      `the convolutions don't fit ${network.architecture}: ${different.name} is ` +
        `${found ? `[${found.shape.join(", ")}]` : "missing"}, not [${different.shape.join(", ")}]`,
    );
  }
  return renamed;
}

/** Whether a name is of a numbered layer of a module. */
function isWithin(name: string, module: string): boolean {
  return name.startsWith(`${module}.`);
}
