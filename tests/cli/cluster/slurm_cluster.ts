/**
 * A cluster of four nodes on this machine: munged, slurmctld and slurmd of Debian's packages, started in a
 * temporary folder by whoever runs the tests. Nothing of a SLURM that the machine may have is touched.
 *
 * Partition `main` has two nodes and is the default. `spare` has the others, so that a node can be lost
 * without an effect on other jobs. `closed` accepts jobs and starts none.
 */
const NODES = ["n1", "n2", "n3", "n4"];
const PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol"];

/** Why there is no SLURM here; undefined where there is one. */
export function slurmProblem(): string | undefined {
  const folders = [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"];
  const missing = PROGRAMS.filter((name) => !folders.some((folder) => exists(`${folder}/${name}`)));
  return missing.length === 0
    ? undefined
    : `no ${missing.join(", ")} here: apt-get install slurm-wlm munge`;
}

export class SlurmCluster implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  /**
   * Starts the daemons and points the programs of this process at them.
   *
   * @param settings further lines of slurm.conf
   */
  static async start(settings: readonly string[] = []): Promise<SlurmCluster> {
    const folder = await Deno.makeTempDir({ prefix: "gyrus-slurm-" });
    // munged lets others reach its socket.
    await Deno.chmod(folder, 0o755);
    const cluster = new SlurmCluster(folder);
    for (const name of ["state", "log", "munge"]) await Deno.mkdir(`${folder}/${name}`);
    await Deno.writeFile(`${folder}/munge/key`, crypto.getRandomValues(new Uint8Array(128)), {
      mode: 0o600,
    });
    await Deno.writeTextFile(`${folder}/slurm.conf`, configuration(folder, settings));
    Deno.env.set("SLURM_CONF", `${folder}/slurm.conf`);
    Deno.env.set("PATH", `${Deno.env.get("PATH")}:/usr/sbin`);
    const munge = ["key-file key", "socket s", "pid-file pid", "log-file log", "seed-file seed"];
    await call(
      "munged",
      ...munge.flatMap((pair) => {
        const [option, name] = pair.split(" ");
        return [`--${option}`, `${folder}/munge/${name}`];
      }),
    );
    await cluster.startController();
    for (const node of NODES) await cluster.startNode(node);
    await cluster.untilIdle();
    return cluster;
  }

  async startController(): Promise<void> {
    await call("slurmctld");
  }

  async startNode(node: string): Promise<void> {
    await call("slurmd", "-N", node);
  }

  async untilIdle(): Promise<void> {
    await until("all nodes are idle", async () => {
      const states = await call("sinfo", "-h", "-N", "-p", "main,spare", "-o", "%T").catch(() =>
        ""
      );
      return states === "idle\n".repeat(NODES.length);
    });
  }

  /** Process of a daemon: `slurmctld`, `slurmd.n1`. */
  pidOf(daemon: string): number {
    return Number(Deno.readTextFileSync(`${this.folder}/${daemon}.pid`));
  }

  stop(daemon: string, signal: Deno.Signal = "SIGTERM"): void {
    Deno.kill(this.pidOf(daemon), signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await call("scancel", "--state=PENDING", "-u", await userName()).catch(() => {});
    await call("scancel", "-u", await userName()).catch(() => {});
    for (const daemon of [...NODES.map((node) => `slurmd.${node}`), "slurmctld", "munge/pid"]) {
      try {
        const file = daemon === "munge/pid" ? daemon : `${daemon}.pid`;
        Deno.kill(Number(Deno.readTextFileSync(`${this.folder}/${file}`)), "SIGTERM");
      } catch {
        // It has not started, or a test has stopped it.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
    await Deno.remove(this.folder, { recursive: true }).catch(() => {});
  }
}

function configuration(folder: string, settings: readonly string[]): string {
  const host = Deno.hostname().split(".")[0];
  const user = Deno.uid() === 0 ? "root" : Deno.env.get("USER") ?? String(Deno.uid());
  const [controller, ...ports] = freePorts(1 + NODES.length);
  return [
    "ClusterName=gyrus",
    `SlurmctldHost=${host}(127.0.0.1)`,
    `SlurmctldPort=${controller}`,
    `SlurmUser=${user}`,
    `SlurmdUser=${user}`,
    `AuthInfo=socket=${folder}/munge/s`,
    `StateSaveLocation=${folder}/state`,
    `SlurmdSpoolDir=${folder}/spool.%n`,
    `SlurmctldPidFile=${folder}/slurmctld.pid`,
    `SlurmdPidFile=${folder}/slurmd.%n.pid`,
    `SlurmctldLogFile=${folder}/log/slurmctld.log`,
    `SlurmdLogFile=${folder}/log/slurmd.%n.log`,
    "ProctrackType=proctrack/linuxproc",
    "TaskPlugin=task/none",
    "SelectType=select/cons_tres",
    "SelectTypeParameters=CR_Core",
    "SchedulerParameters=batch_sched_delay=0,bf_interval=1",
    "SlurmdTimeout=10",
    "ReturnToService=2",
    "SlurmdParameters=config_overrides",
    "MpiDefault=none",
    // Programs give up a controller that is away after this; ten seconds without.
    "MessageTimeout=5",
    ...settings,
    ...NODES.map((node, index) =>
      `NodeName=${node} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${ports[index]} ` +
      "CPUs=4 RealMemory=4000 State=UNKNOWN"
    ),
    "PartitionName=main Nodes=n[1-2] Default=YES MaxTime=INFINITE State=UP",
    "PartitionName=spare Nodes=n[3-4] MaxTime=INFINITE State=UP",
    "PartitionName=closed Nodes=n[1-2] MaxTime=INFINITE State=DOWN",
    "",
  ].join("\n");
}

function freePorts(count: number): number[] {
  const listeners = Array.from(
    { length: count },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  const ports = listeners.map(({ addr }) => addr.port);
  for (const listener of listeners) listener.close();
  return ports;
}

async function userName(): Promise<string> {
  return (await call("id", "-un")).trim();
}

/** What a program prints. @throws {Error} with its complaint */
export async function call(name: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(name, { args, stdin: "null" }).output();
  const decoder = new TextDecoder();
  if (code !== 0) throw new Error(`${name} ${args.join(" ")}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

/** @throws {Error} when it does not come true within three minutes, as on a machine with much to do */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 180_000;
  while (!await isTrue()) {
    if (performance.now() > end) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
