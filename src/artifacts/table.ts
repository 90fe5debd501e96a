/** `table` artifacts: one table for people to read. */
import type { ArtifactType } from "./artifact_type.ts";

const FILE = "table.tsv";

/** @param text tab-separated */
export function tableOutput(text: string) {
  return { files: { [FILE]: text } };
}

export const tableType: ArtifactType = {
  type: "table",
  // Of groups; one with a row a person is recognised by its text.
  privacy: () => "open",
  files: [[FILE, "columns as the step describes them"]],
  meta: [],
};
