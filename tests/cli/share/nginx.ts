/** nginx as a cache for a lab: files below a folder, by GET, HEAD and PUT, for who bears the token. */

export interface Nginx {
  /** Of the cache. */
  address: string;
  /** Where its files are. */
  files: string;
  close(): Promise<void>;
}

/** Path of the program; undefined, with a line that says so, where it is not installed. */
export function findNginx(): string | undefined {
  for (
    const folder of [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"]
  ) {
    try {
      if (Deno.statSync(`${folder}/nginx`).isFile) return `${folder}/nginx`;
    } catch {
      // Not here.
    }
  }
  console.log(
    "nginx is not installed: tests of a cache on it are skipped; apt-get install nginx-light",
  );
  return undefined;
}

/** As docs/how-to/share-a-cache.md has it, for one machine and without encryption. */
const configuration = (port: number, token: string, user: string) =>
  `${user}
daemon off;
pid nginx.pid;
events {}
http {
  access_log off;
  log_not_found off;
  client_body_temp_path cache/tmp;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  server {
    listen 127.0.0.1:${port};
    root cache;
    location /gyrus/ {
      if ($http_authorization != "Bearer ${token}") { return 401; }
      client_max_body_size 0;
      dav_methods PUT;
      create_full_put_path on;
    }
  }
}
`;

/** @param folder an empty one */
export async function startNginx(program: string, folder: string, token: string): Promise<Nginx> {
  const port = freePort();
  await Deno.mkdir(`${folder}/cache/gyrus`, { recursive: true });
  // Its workers may else not write into the folder of the one who starts it.
  const user = Deno.uid() === 0 ? "user root;" : "";
  await Deno.writeTextFile(`${folder}/nginx.conf`, configuration(port, token, user));
  const args = ["-p", `${folder}/`, "-c", "nginx.conf", "-e", "error.log"];
  const process = new Deno.Command(program, { args, stderr: "null" }).spawn();
  const address = `http://127.0.0.1:${port}/gyrus`;
  for (let tries = 0; tries < 100; tries++) {
    const response = await fetch(address).catch(() => undefined);
    await response?.body?.cancel();
    if (response) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    address,
    files: `${folder}/cache/gyrus`,
    async close() {
      process.kill("SIGTERM");
      await process.status;
    },
  };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
