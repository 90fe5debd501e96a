/** Random search: independent draws from the space (Bergstra and Bengio, JMLR 13, 2012). */
import { Random } from "../../random.ts";
import { assign, valueAt } from "../space.ts";
import type { Sampler } from "./sampler.ts";

export const sampleRandom: Sampler = (parameters, seed, number) => {
  return assign(
    parameters,
    ({ address, domain }) =>
      valueAt(domain, new Random(seed, `search random ${address}`, number).uniform()),
  );
};
