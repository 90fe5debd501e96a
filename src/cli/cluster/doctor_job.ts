/** Asks a node of the cluster for its adapter, before anything is planned or submitted for it. */
import { adapterOf, readNodeAdapter, rememberNodeAdapter } from "../../device/node_adapter.ts";
import {
  type JobRequest,
  type JobScheduler,
  placeKey,
} from "../../engine/cluster/job_scheduler.ts";
import { untilVisible, VISIBILITY_LIMIT_MS } from "../../engine/cluster/visibility.ts";
import type { Store } from "../../engine/store/store.ts";
import { DataError, DeviceError } from "../../errors.ts";
import type { AdapterDescription } from "../../gpu/device.ts";
import type { ClusterExecutor } from "../../workflow/graph.ts";
import { shellWord } from "../../workflow/shell_word.ts";

export interface DoctorJobOptions {
  store: Store;
  profile: ClusterExecutor;
  scheduler: JobScheduler;
  /** Absolute path of the program. */
  program: string;
  /** What device steps ask for. */
  request: JobRequest;
  signal: AbortSignal;
  report(message: string): void;
  /** Between two looks; milliseconds. */
  recordsMs?: number;
  queueMs?: number;
  visibilityMs?: number;
}

const RECORDS_MS = 500;
const QUEUE_MS = 15_000;

/**
 * The adapter of the profile's nodes: as remembered, or as a job reports it.
 *
 * @throws {DeviceError} with the node's answer when it has no adapter
 * @throws {DataError} when the job does not run, or does not see the cache
 */
export async function askNode(options: DoctorJobOptions): Promise<AdapterDescription> {
  const { store, profile, report } = options;
  const known = readNodeAdapter(store, profile);
  if (known) return known;
  const folder = `${store.root}/jobs/doctor-${crypto.randomUUID().slice(0, 8)}`;
  store.files.makeFolder(folder);
  try {
    const adapter = await runDoctor(options, folder);
    await rememberNodeAdapter(store, profile, adapter);
    report(
      `nodes of profile ${profile.profile} compute on ${adapter.description || adapter.device}`,
    );
    return adapter;
  } finally {
    store.files.removeTree(folder);
  }
}

async function runDoctor(options: DoctorJobOptions, folder: string): Promise<AdapterDescription> {
  const { store, profile, scheduler, program, signal, report, visibilityMs } = options;
  const name = `gyrus-${folder.slice(folder.lastIndexOf("/") + 1)}`;
  await store.replaceFile(`${folder}/doctor.sh`, doctorScript(program, folder), false);
  const job = await scheduler.submit({
    name,
    request: options.request,
    indices: [0],
    after: [],
    script: `${folder}/doctor.sh`,
    folder,
  });
  report(`job ${job} asks a node of profile ${profile.profile} for its device`);
  const read = (file: string) => {
    store.files.list(folder);
    return store.files.readSync(`${folder}/${file}`);
  };
  try {
    await untilEnded(options, name, job, () => read("code") !== undefined);
  } catch (error) {
    if (signal.aborted) await scheduler.cancel([job]);
    throw error;
  }
  const code = await untilVisible(() => read("code"), visibilityMs ?? VISIBILITY_LIMIT_MS, signal);
  if (code === undefined) {
    throw new DataError(
      `job ${job}`,
      `has ended and left nothing in ${store.root}: its machine does not see this folder, or can't run ` +
        `${program}; name a cache that every node sees, by cache of [profile.${profile.profile}]`,
    );
  }
  const answer = read("report.json");
  const adapter = answer && adapterOf(answer, `${folder}/report.json`);
  if (adapter) return adapter;
  const complaint = new TextDecoder().decode(read("complaint") ?? new Uint8Array()).trim();
  throw new DeviceError(
    `A node of profile ${profile.profile} has no device that Gyrus can use (job ${job}): ` +
      `${complaint.slice(-1000) || "it printed nothing"}`,
  );
}

/** Ends when the answer is there or the job is over. */
async function untilEnded(
  { scheduler, signal, recordsMs = RECORDS_MS, queueMs = QUEUE_MS }: DoctorJobOptions,
  name: string,
  job: string,
  isAnswered: () => boolean,
): Promise<void> {
  let asked = performance.now();
  while (!isAnswered()) {
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, recordsMs));
    if (performance.now() - asked < queueMs) continue;
    asked = performance.now();
    const { states } = await scheduler.states([{ name, job }]);
    const state = states.get(placeKey({ job, index: 0 }));
    if (state?.state !== "queued" && state?.state !== "running") return;
  }
}

function doctorScript(program: string, folder: string): string {
  const into = (file: string) => shellWord(`${folder}/${file}`);
  return `#!/bin/sh
# A job of Gyrus: describes the device of its machine.
${shellWord(program)} doctor --json >${into("report.json")} 2>${into("complaint")}
echo $? >${into("code.new")} && mv ${into("code.new")} ${into("code")}
`;
}
