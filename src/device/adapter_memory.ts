/**
 * The description of the adapter, kept in a store for later processes: to ask the adapter takes longer
 * than to plan a workflow.
 *
 * A description holds while the circumstances are those under which the adapter was asked: the start of
 * the machine, its devices and the variables that choose a driver, which the launcher passes on in
 * `GYRUS_MACHINE`; the files of the drivers; and Deno. Where these can't be known, and before anything
 * is computed, the adapter is asked.
 */
import { listFolder } from "../disk/folders.ts";
import { linkStatIfPresent, statIfPresent } from "../disk/read.ts";
import { canonicalJson } from "../engine/store/canonical.ts";
import { digestOf, hexOf, isDigest } from "../engine/store/digest.ts";
import type { Store } from "../engine/store/store.ts";
import { DataError } from "../errors.ts";
import { type AdapterDescription, describeAdapter } from "../gpu/device.ts";
import { isJsonObject, parseJsonBytes } from "../json.ts";
import type { Digest, Json } from "../workflow/step.ts";

/** A description and the circumstances under which it was asked for. */
interface RememberedAdapter {
  circumstances: Digest;
  adapter: AdapterDescription;
}

/** What the keys that were made with each store rest on. */
const recalled = new WeakMap<Store, AdapterDescription>();
/** Asked for once a process. */
let asked: AdapterDescription | undefined;

/**
 * The adapter as a plan may take it: remembered, or asked for and then remembered.
 *
 * @throws {DeviceError} when there is no adapter
 */
export async function recallAdapter(store: Store): Promise<AdapterDescription> {
  const adapter = recalled.get(store) ?? asked ?? readRemembered(store) ??
    await askAndRemember(store);
  recalled.set(store, adapter);
  return adapter;
}

/**
 * Asks the adapter, and corrects what is remembered of it.
 *
 * @returns false if {@link recallAdapter} has returned another one for this store
 * @throws {DeviceError} when there is no adapter
 */
export async function confirmAdapter(store: Store): Promise<boolean> {
  const before = recalled.get(store);
  if (before === undefined) return true;
  const adapter = await askAdapter();
  if (identityOf(before) === identityOf(adapter)) return true;
  recalled.set(store, adapter);
  await remember(store, adapter);
  return false;
}

/** @throws {DeviceError} when there is no adapter */
export async function askAdapter(): Promise<AdapterDescription> {
  return asked ??= await describeAdapter();
}

/** A text that two adapters share only if they have the same description. */
export function identityOf(adapter: AdapterDescription): string {
  return canonicalJson({ ...adapter } as Record<string, Json>);
}

async function askAndRemember(store: Store): Promise<AdapterDescription> {
  const adapter = await askAdapter();
  await remember(store, adapter);
  return adapter;
}

/** One file a host: those that share a store don't replace each other's. */
function pathOf(store: Store): string {
  return `${store.root}/devices/adapters/${hexOf(digestOf(Deno.hostname())).slice(0, 16)}.json`;
}

function readRemembered(store: Store): AdapterDescription | undefined {
  const circumstances = describeCircumstances();
  if (circumstances === undefined) return undefined;
  const path = pathOf(store);
  try {
    const bytes = store.files.readSync(path);
    if (bytes === undefined) return undefined;
    const value = parseJsonBytes(bytes, path, { length: 2 ** 16 });
    if (isRemembered(value) && value.circumstances === circumstances) return value.adapter;
  } catch (error) {
    // A file that is torn or can't be read is no memory.
    if (!(error instanceof DataError)) throw error;
  }
  return undefined;
}

async function remember(store: Store, adapter: AdapterDescription): Promise<void> {
  const circumstances = describeCircumstances();
  if (circumstances === undefined || !store.writable) return;
  const path = pathOf(store);
  const value: RememberedAdapter = { circumstances, adapter };
  try {
    store.files.makeFolder(path.slice(0, path.lastIndexOf("/")));
    await store.replaceFile(path, `${JSON.stringify(value)}\n`, false);
  } catch (error) {
    // A disk that refuses it makes the next plan slower and nothing else.
    if (!(error instanceof DataError)) throw error;
  }
}

function isRemembered(value: unknown): value is RememberedAdapter {
  return isJsonObject(value) && isDigest(value.circumstances) &&
    isAdapterDescription(value.adapter);
}

export function isAdapterDescription(value: unknown): value is AdapterDescription {
  if (!isJsonObject(value)) return false;
  const { subgroupMinSize, isFallbackAdapter } = value;
  return ["vendor", "architecture", "device", "description"]
    .every((name) => typeof value[name] === "string") &&
    Number.isSafeInteger(subgroupMinSize) && (subgroupMinSize as number) >= 0 &&
    typeof isFallbackAdapter === "boolean";
}

/** Folders of the files that name drivers and layers; the launcher knows of a user's own. */
const MANIFESTS = ["/etc", "/usr/share", "/usr/local/share"].flatMap((root) =>
  ["icd.d", "implicit_layer.d"].map((folder) => `${root}/vulkan/${folder}`)
);

/** Folders that change when a library is installed, and the index of all libraries. */
const LIBRARIES = [
  "/etc/ld.so.cache",
  "/usr/lib",
  "/usr/lib64",
  "/usr/local/lib",
  `/usr/lib/${Deno.build.arch}-linux-gnu`,
];

/** Undefined where what decides about the adapter can't be known. */
function describeCircumstances(): Digest | undefined {
  const machine = readMachine();
  if (machine === undefined) return undefined;
  const files = [
    ...LIBRARIES,
    ...MANIFESTS,
    ...MANIFESTS.filter((folder) => statIfPresent(folder)?.isDirectory).flatMap((folder) =>
      listFolder(folder).map(({ name }) => `${folder}/${name}`)
    ),
  ];
  return digestOf(canonicalJson([machine, Deno.version.deno, files.map(stampOf)]));
}

/** Undefined where the launcher has not started the program. */
function readMachine(): string | undefined {
  try {
    return Deno.env.get("GYRUS_MACHINE") || undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}

/** Changes when the file or the list of a folder's files does, links followed and not. */
function stampOf(path: string): string {
  return [path, linkStatIfPresent(path), statIfPresent(path)].map((stat) =>
    typeof stat === "object" ? `${stat.size} ${stat.mtime?.getTime()} ${stat.ino}` : stat ?? ""
  ).join(" ");
}
