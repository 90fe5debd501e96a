/** What ARCHITECTURE.md lists of each artifact type. */

export interface ArtifactType {
  /** As ports name it. */
  type: string;
  files: readonly (readonly [path: string, description: string])[];
  /** Fields of `Artifact.meta`. */
  meta: readonly (readonly [field: string, description: string])[];
}

/** A description of every field of a meta type, for {@link ArtifactType.meta}. */
export function describeMeta<Meta>(
  fields: Readonly<Record<keyof Meta & string, string>>,
): ArtifactType["meta"] {
  return Object.entries<string>(fields);
}
