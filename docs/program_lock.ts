/**
 * `program.lock`: `deno.lock` without the packages that only tests import. Deno fetches every package
 * of the lock file that it is given, so the launcher gives it this one.
 */
interface Lock {
  specifiers: Record<string, string>;
  npm: Record<string, { dependencies?: string[]; optionalDependencies?: string[] }>;
  workspace: { dependencies: string[]; links: Record<string, { dependencies?: string[] }> };
}

/** @param text of `deno.lock` */
export function programLock(text: string): string {
  const lock: Lock = JSON.parse(text);
  const { dependencies, links } = lock.workspace;
  const named = [dependencies, ...Object.values(links).map((link) => link.dependencies ?? [])]
    .flat();
  const specifiers = Object.fromEntries(
    Object.entries(lock.specifiers).filter(([specifier]) => named.includes(specifier)),
  );
  const used = new Set<string>();
  for (const [specifier, version] of Object.entries(specifiers)) {
    if (!specifier.startsWith("npm:")) continue;
    used.add(`${specifier.slice("npm:".length, specifier.lastIndexOf("@"))}@${version}`);
  }
  for (const id of used) {
    const { dependencies = [], optionalDependencies = [] } = lock.npm[id];
    for (const dependency of [...dependencies, ...optionalDependencies]) {
      used.add(packageOf(lock, dependency));
    }
  }
  const npm = Object.fromEntries(Object.entries(lock.npm).filter(([id]) => used.has(id)));
  return `${JSON.stringify({ ...lock, specifiers, npm }, null, 2)}\n`;
}

/** The package that a dependency names: with its version, or by name alone where there is one version. */
function packageOf({ npm }: Lock, dependency: string): string {
  if (Object.hasOwn(npm, dependency)) return dependency;
  return Object.keys(npm).find((id) => id.slice(0, id.lastIndexOf("@")) === dependency)!;
}
