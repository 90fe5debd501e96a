/** What ARCHITECTURE.md lists of each artifact type, and what may leave a machine of it. */
import type { Json } from "../workflow/step.ts";
import type { Privacy } from "../workflow/privacy.ts";

export interface ArtifactType {
  /** As ports name it. */
  type: string;
  files: readonly (readonly [path: string, description: string])[];
  /** Fields of `Artifact.meta`. */
  meta: readonly (readonly [field: string, description: string])[];
  /**
   * What lets a file of it leave this machine: `participants` for a row, a value or a name of each
   * person and for paths of this machine, `images` for voxels and pictures, `open` for the rest. A file
   * that the type does not know is none of the rest.
   *
   * @param path of the file in the artifact
   */
  privacy(path: string, meta: Readonly<Record<string, Json>>): Privacy;
}

/** A description of every field of a meta type, for {@link ArtifactType.meta}. */
export function describeMeta<Meta>(
  fields: Readonly<Record<keyof Meta & string, string>>,
): ArtifactType["meta"] {
  return Object.entries<string>(fields);
}
