/**
 * Artifact types that are published as one file: a path of `[publish]` names that file. The path of
 * any other type names a folder.
 */
export const FILE_TYPES: ReadonlySet<string> = new Set([
  "template",
  "quality",
  "labels",
  "participants",
  "evaluation",
  "table",
  "figure",
]);
