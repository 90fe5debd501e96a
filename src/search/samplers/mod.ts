/** The samplers by their names in workflow files. */
import type { SamplerName } from "../../workflow/search.ts";
import { sampleRandom } from "./random.ts";
import type { Sampler } from "./sampler.ts";
import { sampleSobol } from "./sobol.ts";
import { sampleTpe } from "./tpe.ts";

export const SAMPLERS: Readonly<Record<SamplerName, Sampler>> = {
  random: sampleRandom,
  sobol: sampleSobol,
  tpe: sampleTpe,
};
