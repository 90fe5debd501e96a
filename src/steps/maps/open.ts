import { z } from "zod";
import { tableOutput } from "../tables/outputs.ts";
import { pathParameter } from "../../workflow/path_parameter.ts";
import { defineStep, type StepOutput } from "../../workflow/step.ts";

export default defineStep({
  kind: "maps.open",
  version: 2,
  summary: "Opens a pretrained MAPS of ClinicaDL, or one of our own",
  description: `Gives one split's networks to \`predict\`, \`interpret.*\` or a training step's
\`transfer\`, with everyone they were trained on, so that leakage is found. Reads ClinicaDL 1.x,
older ones with \`fold-<i>\` included; of its architectures Conv5_FC3, Conv4_FC3, Stride_Conv5_FC3 and
resnet18.

With \`data_group\` the participants of a group that was predicted before are an output too, so that
it can be predicted again by name.

A MAPS from a model hub, which has no lists of participants, opens too, with a warning: leakage may
not be found then, nor in a MAPS of ours whose networks began with a bare file.

Unlike ClinicaDL: checkpoints are read without running what they contain.`,
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
      participants: tableOutput("participants", "Participants of `data_group`."),
    },
  }),
  runs: "inline",
  source: true,
  run: async (context) => {
    const { openMaps, readDataGroup } = await import("../../maps/read.ts");
    const { modelOutput, participantsOutput } = await import("./open_weights.ts");
    const { mapsFolder } = await import("./folder.ts");
    const { maps_directory, split, data_group } = context.params;
    const folder = mapsFolder(maps_directory, context);
    const maps = await openMaps(folder);
    const outputs: Record<string, StepOutput> = {
      model: await modelOutput(folder, maps, split, context),
    };
    if (data_group !== undefined) {
      const table = await readDataGroup(folder, maps, data_group);
      outputs.participants = participantsOutput(table, data_group, folder.name);
    }
    return outputs;
  },
});
