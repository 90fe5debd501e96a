import { z } from "zod";
import { labelsPort } from "../tables/ports.ts";
import { pathParameter } from "../../workflow/path_parameter.ts";
import { defineStep, type StepOutput } from "../../workflow/step.ts";

export default defineStep({
  kind: "maps.open",
  version: 4,
  summary: "Opens a pretrained MAPS of ClinicaDL or Gyrus",
  description:
    `One split's networks, for \`predict\`, \`interpret.*\` or a training step's \`transfer\`, with
the participants that they were trained on, so that leakage is found: by id, and in a MAPS of Gyrus
also by image and voxels. Reads the MAPS of ClinicaDL 1.x,
older ones with \`fold-<i>\` included; of its architectures Conv5_FC3, Conv4_FC3, Stride_Conv5_FC3,
resnet18, ResNet3D, SqueezeExcitationCNN and RandomArchitecture, and of its autoencoders AE_Conv5_FC3,
AE_Conv4_FC3, Vanilla3DdenseVAE, CVAE_3D_half, CVAE_3D_final_conv and GeneratorUNet.

With \`data_group\` the participants of a predicted group are an output too, so that the group can be
predicted again.

A MAPS from a model hub, which has no lists of participants, opens with a warning: leakage may not be
found then, nor in a MAPS of Gyrus whose initial weights were read from a file.

Unlike ClinicaDL: checkpoints are read without running what they contain; weights that are NaN or
infinite are refused.`,
  params: z.object({
    maps_directory: pathParameter().describe("The MAPS folder."),
    split: z.int().min(0).default(0).describe("Which split's networks to take."),
    data_group: z.string().min(1).optional()
      .describe("A predicted data group whose participants become an output."),
  }),
  inputs: {},
  outputs: ({ data_group }) => ({
    model: { type: "model", description: "The split's best networks, one set a selection metric." },
    ...data_group === undefined ? {} : {
      participants: labelsPort("participants", "Participants of `data_group`."),
    },
  }),
  runs: "inline",
  source: true,
  run: async (context) => {
    const { openMaps, readDataGroup } = await import("../../maps/read.ts");
    const { convertDataGroup, convertModel } = await import("./convert_maps.ts");
    const { openDigestFolder } = await import("./digest_folder.ts");
    const { maps_directory, split, data_group } = context.params;
    const folder = openDigestFolder(maps_directory, context);
    const maps = await openMaps(folder);
    const outputs: Record<string, StepOutput> = {
      model: await convertModel(folder, maps, split, context),
    };
    if (data_group !== undefined) {
      const table = await readDataGroup(folder, maps, data_group);
      outputs.participants = convertDataGroup(table, data_group, folder.name);
    }
    return outputs;
  },
});
