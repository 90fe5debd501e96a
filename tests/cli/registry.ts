/**
 * A registry that speaks JSR's protocol on a port of this machine: `deno publish` fills it, and
 * programs install from it. It also serves the packages of npm that Deno has in its cache.
 */
import { call, type Called } from "./project.ts";

const root = new URL("../../", import.meta.url).pathname;

interface Package {
  version: string;
  exports: unknown;
  /** Contents by path from the package's root, such as `/mod.ts`. */
  files: Map<string, Uint8Array<ArrayBuffer>>;
}

export class Registry implements AsyncDisposable {
  readonly #packages = new Map<string, Package>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  private constructor(readonly folder: string, readonly npmCache: string) {
    this.#server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      (request) => this.#answer(request),
    );
  }

  static async serve(): Promise<Registry> {
    const folder = await Deno.makeTempDir({ prefix: "gyrus-registry-" });
    const { out } = await call(Deno.execPath(), ["info", "--json"]);
    // Packages lie in a folder named after the registry that they came from.
    const cache = JSON.parse(out).npmCache;
    for (const { name } of Deno.readDirSync(cache)) {
      if (await exists(`${cache}/${name}/zod`)) return new Registry(folder, `${cache}/${name}`);
    }
    throw new Error(`${cache} lacks the packages of the program`);
  }

  /** Environment of a process that installs from this registry, with a cache and commands of its own. */
  get env(): Record<string, string> {
    return {
      JSR_URL: this.#address,
      NPM_CONFIG_REGISTRY: `${this.#address}npm/`,
      DENO_DIR: `${this.folder}/cache`,
      DENO_INSTALL_ROOT: `${this.folder}/installed`,
      PATH: `${this.folder}/installed/bin:${Deno.env.get("PATH")}`,
      NO_COLOR: "1",
    };
  }

  get #address(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/`;
  }

  /** Publishes Gyrus and the packages of `src/std`, as `deno publish` does. */
  async publishGyrus(): Promise<Called> {
    for (const name of ["toml", "csv"]) {
      const copy = `${this.folder}/${name}`;
      await Deno.mkdir(copy);
      await Deno.copyFile(`${root}LICENSE`, `${copy}/LICENSE`);
      for await (const file of Deno.readDir(`${root}src/std/${name}`)) {
        await Deno.copyFile(`${root}src/std/${name}/${file.name}`, `${copy}/${file.name}`);
      }
      await this.#publish(copy);
    }
    return await this.#publish(root);
  }

  async #publish(folder: string): Promise<Called> {
    const args = ["publish", "--token=any", "--allow-dirty", "--no-check"];
    const called = await call(Deno.execPath(), args, {
      cwd: folder,
      env: { JSR_URL: this.#address, NO_COLOR: "1" },
    });
    if (called.code !== 0) throw new Error(called.err);
    return called;
  }

  versionOf(name: string): string {
    return this.#packages.get(name)!.version;
  }

  /** Paths of a package's files. */
  filesOf(name: string): string[] {
    return [...this.#packages.get(name)!.files.keys()].sort();
  }

  async #answer(request: Request): Promise<Response> {
    const pathname = decodeURIComponent(new URL(request.url).pathname);
    if (pathname.startsWith("/npm/")) return await this.#npm(pathname.slice("/npm/".length));
    const api = pathname.match(/^\/api\/scopes\/(.+)\/packages\/(.+)\/versions\/(.+)$/);
    if (api !== null) {
      const [, scope, name, version] = api;
      if (request.method === "GET") {
        return Response.json({ code: "packageVersionNotFound", message: "" }, { status: 404 });
      }
      const files = await this.#unpack(new Uint8Array(await request.arrayBuffer()));
      const config = JSON.parse(new TextDecoder().decode(files.get("/deno.json")));
      const exports = typeof config.exports === "string" ? { ".": config.exports } : config.exports;
      this.#packages.set(`@${scope}/${name}`, { version, exports, files });
      return Response.json({ id: "published", status: "success", error: null });
    }
    if (pathname.startsWith("/api/publish_status/")) {
      return Response.json({ id: "published", status: "success", error: null });
    }
    return pathname.startsWith("/api/") ? Response.json({}) : await this.#file(pathname);
  }

  async #unpack(tar: Uint8Array): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
    const folder = await Deno.makeTempDir({ dir: this.folder });
    await Deno.writeFile(`${folder}.tar.gz`, tar);
    const { code, err } = await call("tar", ["-xzf", `${folder}.tar.gz`, "-C", folder]);
    if (code !== 0) throw new Error(err);
    const files = new Map<string, Uint8Array<ArrayBuffer>>();
    const read = async (path: string): Promise<void> => {
      for await (const { name, isDirectory } of Deno.readDir(folder + path)) {
        if (isDirectory) await read(`${path}${name}/`);
        else files.set(path + name, await Deno.readFile(folder + path + name));
      }
    };
    await read("/");
    return files;
  }

  async #file(pathname: string): Promise<Response> {
    const [, name, rest] = pathname.match(/^\/(@[^/]+\/[^/]+)\/(.+)$/) ?? [];
    const found = this.#packages.get(name);
    if (found === undefined) return new Response("not found", { status: 404 });
    const { version, exports, files } = found;
    if (rest === "meta.json") {
      return Response.json({ latest: version, versions: { [version]: {} } });
    }
    if (rest === `${version}_meta.json`) {
      const manifest: Record<string, { size: number; checksum: string }> = {};
      for (const [path, bytes] of files) {
        const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
        manifest[path] = { size: bytes.length, checksum: `sha256-${digest}` };
      }
      return Response.json({ manifest, exports });
    }
    const bytes = files.get(rest.slice(version.length));
    if (bytes === undefined) return new Response("not found", { status: 404 });
    const type = rest.endsWith(".ts")
      ? "text/typescript"
      : rest.endsWith(".json")
      ? "application/json"
      : rest.endsWith(".js")
      ? "text/javascript"
      : "text/plain";
    return new Response(bytes, { headers: { "content-type": type } });
  }

  /** A package's versions that are in the cache, or `name/version.tgz`. */
  async #npm(path: string): Promise<Response> {
    const [, name, version] = path.match(/^(.+)\/([^/]+)\.tgz$/) ?? [];
    if (version !== undefined) {
      const { stdout } = await new Deno.Command("tar", {
        args: ["-cz", "-C", `${this.npmCache}/${name}`, version],
      }).output();
      return new Response(stdout);
    }
    // Deno keeps what a registry states of a package only where it had to ask.
    const versions: Record<string, unknown> = {};
    for await (const { name: version, isDirectory } of Deno.readDir(`${this.npmCache}/${path}`)) {
      if (!isDirectory) continue;
      const stated = await Deno.readTextFile(`${this.npmCache}/${path}/${version}/package.json`);
      const dist = { tarball: `${this.#address}npm/${path}/${version}.tgz` };
      versions[version] = { ...JSON.parse(stated), dist };
    }
    return Response.json({ name: path, "dist-tags": {}, versions });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
    await Deno.remove(this.folder, { recursive: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
