/** Paths that can't exist together. */

export interface NestedPaths {
  outer: string;
  /** Below `outer`, or equal to it. */
  inner: string;
}

/**
 * Two paths of which one needs a folder where the other is a file, or that are equal; undefined when
 * all can exist together.
 *
 * @param paths relative, with forward slashes
 */
export function findNestedPaths(paths: Iterable<string>): NestedPaths | undefined {
  const all = new Set<string>();
  for (const path of paths) {
    if (all.has(path)) return { outer: path, inner: path };
    all.add(path);
  }
  for (const inner of all) {
    for (const outer of foldersOf(inner)) if (all.has(outer)) return { outer, inner };
  }
  return undefined;
}

export function nestedPathsProblem({ outer, inner }: NestedPaths): string {
  return outer === inner
    ? `two files have the path "${inner}"`
    : `"${outer}" is a file, so that there can be no "${inner}"`;
}

/** The folders that lead to a path, outermost first: `a` and `a/b` of `a/b/c`. */
export function* foldersOf(path: string): Generator<string> {
  for (let slash = path.indexOf("/", 1); slash > 0; slash = path.indexOf("/", slash + 1)) {
    yield path.slice(0, slash);
  }
}
