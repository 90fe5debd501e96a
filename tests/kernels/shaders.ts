/** Paths below kernels/ and texts of all shaders. */
export function* shaders(folder = ""): Generator<[path: string, source: string]> {
  const kernels = new URL("../../kernels/", import.meta.url);
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, kernels))) {
    const path = folder + name;
    if (isDirectory) yield* shaders(`${path}/`);
    if (path.endsWith(".wgsl")) yield [path, Deno.readTextFileSync(new URL(path, kernels))];
  }
}
