/** Parameters that choose one image of a session, and one volume of an image. */
import { z } from "zod";
import type { EntityName } from "../../imaging/datasets/entities.ts";

const text = z.string().regex(/^[\w+.]*$/, "must be the value of an entity");
const index = z.int().min(0);
const wanted = z.union([text, index, z.array(z.union([text, index])).min(1)]).optional();

export const choiceParameters = {
  entities: z.strictObject(
    {
      task: wanted,
      acq: wanted,
      ce: wanted,
      trc: wanted,
      rec: wanted,
      run: wanted,
      echo: wanted,
      inv: wanted,
      part: wanted,
      chunk: wanted,
      space: wanted,
      res: wanted,
      desc: wanted,
    } satisfies Record<EntityName, typeof wanted>,
  ).optional().describe(
    'Values of entities to take, such as { acq = "mprage", run = 1 }; of a list the first that a session has; "" is an image without the entity.',
  ),
  frame: z.union([index, z.literal("mean")]).optional().describe(
    "Of images of several volumes (4D), such as dynamic PET: the index of the one to take, from 0, or the mean of all, weighed by FrameDuration where a JSON file has it.",
  ),
};

type Choice = { [Name in keyof typeof choiceParameters]?: z.output<typeof choiceParameters[Name]> };

/** What opening a data set takes, and what `caps` artifacts keep of it. */
export function readChoice({ entities, frame }: Choice) {
  const selection = entities && Object.fromEntries(
    Object.entries(entities).map(([name, wanted]) => [name, [wanted].flat().map(String)]),
  );
  return {
    options: { selection, frame },
    meta: { ...(selection && { entities: selection }), ...(frame !== undefined && { frame }) },
  };
}
