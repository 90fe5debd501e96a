/** The launcher in a copy of the program, with few programs in its PATH. */

/** A folder with the named system programs and nothing else. */
export async function pathWith(folder: string, names: readonly string[]): Promise<string> {
  await Deno.mkdir(folder);
  for (const name of names) {
    for (const place of ["/bin", "/usr/bin", "/usr/local/bin"]) {
      try {
        await Deno.symlink(await Deno.realPath(`${place}/${name}`), `${folder}/${name}`);
        break;
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
  }
  return folder;
}

export const SYSTEM = [
  "sh",
  "mkdir",
  "mv",
  "rm",
  "uname",
  "readlink",
  "id",
  "chmod",
  "tar",
  "gzip",
];

/** The files that the launcher looks at before Deno starts. */
export async function copyOf(folder: string): Promise<string> {
  await Deno.mkdir(folder);
  for (const name of ["gyrus", "deno.json", "deno.lock", "program.lock"]) {
    await Deno.copyFile(new URL(`../../${name}`, import.meta.url), `${folder}/${name}`);
  }
  return `${folder}/gyrus`;
}
