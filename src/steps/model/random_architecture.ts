/** Numbers of ClinicaDL's RandomArchitecture: parameters of a training, and `convolutions_dict` of a MAPS. */
import { z } from "zod";
import type {
  ConvolutionBlock,
  RandomArchitecture,
} from "../../nn/networks/random_architecture.ts";
import type { Json } from "../../workflow/step.ts";

export const randomArchitectureParameters = {
  n_convblocks: z.int().min(1).max(12).optional().describe(
    "RandomArchitecture: blocks of convolutions, each of which halves the sides; 5 when absent.",
  ),
  first_conv_width: z.int().min(1).max(1024).optional().describe(
    "RandomArchitecture: channels of the first block, which double from block to block; 8 when absent.",
  ),
  channels_limit: z.int().min(1).max(4096).optional().describe(
    "RandomArchitecture: channels from which on they double no more; 512 when absent.",
  ),
  n_conv: z.int().min(1).max(8).optional().describe(
    "RandomArchitecture: convolutions of each block; 1 when absent.",
  ),
  d_reduction: z.enum(["MaxPooling", "stride"]).optional().describe(
    "RandomArchitecture: what halves the sides; MaxPooling when absent.",
  ),
  network_normalization: z.enum(["BatchNorm", "InstanceNorm", "None"]).optional().describe(
    "RandomArchitecture: normalisation behind each convolution; BatchNorm when absent.",
  ),
  n_fcblocks: z.int().min(1).max(8).optional().describe(
    "RandomArchitecture: linear layers, whose widths shrink by a constant ratio; 3 when absent.",
  ),
};

export type RandomArchitectureParams = z.output<z.ZodObject<typeof randomArchitectureParameters>>;

const NAMES = Object.keys(randomArchitectureParameters) as (keyof RandomArchitectureParams)[];

/** Problems of these parameters with another architecture. */
export function checkRandomArchitecture(
  params: RandomArchitectureParams & { architecture: string },
): { parameter: string; message: string }[] {
  if (params.architecture === "RandomArchitecture") return [];
  return NAMES.filter((name) => params[name] !== undefined).map((parameter) => ({
    parameter,
    message: `${params.architecture} has no ${parameter}; RandomArchitecture has one`,
  }));
}

const block = z.object({
  out_channels: z.int().min(1).max(8192),
  n_conv: z.int().min(1).max(64),
  d_reduction: z.enum(["MaxPooling", "stride"]),
});

/** What ClinicaDL writes into `maps.json`. */
const described = z.object({
  convolutions_dict: z.record(z.string(), block),
  n_fcblocks: z.int().min(1).max(64),
  network_normalization: z.enum(["BatchNorm", "InstanceNorm", "None"]).nullable(),
});

/**
 * The architecture that a model's description has; undefined where it is damaged.
 *
 * @param parameters of the model
 */
export function describedArchitecture(
  parameters: Readonly<Record<string, Json>>,
): RandomArchitecture | undefined {
  const { success, data } = described.safeParse(parameters);
  if (!success) return undefined;
  const count = Object.keys(data.convolutions_dict).length;
  const blocks = Array.from({ length: count }, (_, i) => data.convolutions_dict[`conv${i}`]);
  if (count === 0 || blocks.includes(undefined!)) return undefined;
  return {
    blocks: blocks.map(({ out_channels, n_conv, d_reduction }): ConvolutionBlock => ({
      outChannels: out_channels,
      convolutions: n_conv,
      reduction: d_reduction,
    })),
    normalization: data.network_normalization ?? "None",
    fcBlocks: data.n_fcblocks,
  };
}

/** ClinicaDL's description of an architecture. */
export function describeArchitecture(
  { blocks, normalization, fcBlocks }: RandomArchitecture,
): Record<string, Json> {
  const dict = blocks.map(({ outChannels, convolutions, reduction }, i) => [`conv${i}`, {
    in_channels: i === 0 ? null : blocks[i - 1].outChannels,
    out_channels: outChannels,
    n_conv: convolutions,
    d_reduction: reduction,
  }]);
  return {
    convolutions_dict: Object.fromEntries(dict),
    n_fcblocks: fcBlocks,
    network_normalization: normalization === "None" ? null : normalization,
  };
}
