/** Uploads results, or lists what would leave. */
import { privacyOf } from "../../artifacts/mod.ts";
import { type InstanceEntry, readRun, type RunRecord } from "../../engine/run/run_folder.ts";
import {
  type Departure,
  divide,
  type Division,
  findDeparture,
  type Permit,
  PERMITS,
} from "../../engine/share/departure.ts";
import { namesPersons } from "../../engine/share/persons.ts";
import { push } from "../../engine/share/push.ts";
import { encodeRunFile, runFilePath } from "../../engine/share/run_file.ts";
import { shareableRun } from "../../engine/share/shared_run.ts";
import { HttpTier } from "../../engine/store/remote/http_tier.ts";
import type { Store } from "../../engine/store/store.ts";
import type { Arguments } from "../arguments.ts";
import { countText, sizeText, tableText } from "../quantity.ts";
import type { Output, Terminal } from "../terminal.ts";
import { warnOfNamedPaths } from "./named_paths.ts";
import { permitsOf } from "./permit_options.ts";

/** Uploads a run that has just ended to the server that its store reads from. */
export async function pushRun(
  store: Store,
  id: string,
  args: Arguments,
  terminal: Terminal,
): Promise<void> {
  const run = readRun(store, id);
  if (!(store.shared instanceof HttpTier) || run === undefined) return;
  await pushResults(store, store.shared, run, run.instances, args, terminal);
}

/**
 * Uploads results of a run, and its record when all of its instances are meant.
 *
 * @param entries whose results are meant; of what they depend on records leave too
 * @throws {DataError} when the server refuses or is gone
 */
export async function pushResults(
  store: Store,
  tier: HttpTier,
  run: RunRecord,
  entries: readonly InstanceEntry[],
  args: Arguments,
  { out, err }: Terminal,
): Promise<void> {
  const permits = permitsOf(args);
  const departure = await findDepartureOf(store, run, entries);
  const division = divide(departure, permits);
  const record = entries.length === run.instances.length ? shareableRun(run) : undefined;
  const isRecordHeld = record !== undefined && !permits.has("participants") &&
    namesPersons(JSON.stringify(record));
  if (record && !isRecordHeld) warnOfNamedPaths(run, err);
  if (args.has("dry-run")) {
    listDivision(division, departure, out);
    if (record) out.line(`record of run ${run.id}${isRecordHeld ? " stays" : ""}`);
    return;
  }
  const { credentials } = tier;
  const result = await push(store, tier, division, credentials.secret);
  if (record && !isRecordHeld) {
    await tier.server.put(runFilePath(run.id), encodeRunFile(record, credentials.secret));
  }
  const sent = `${countText(result.records, "record")} and ${countText(result.objects, "object")}`;
  if (!args.has("quiet") && !args.has("json")) {
    out.line(
      `sent ${sent} (${sizeText(result.bytes)}) to ${tier.address}; it had ${result.present}`,
    );
    for (const line of heldLines(division)) out.line(line);
  }
  for (const instance of result.different) {
    err.line(
      `${
        err.paint("warning", "yellow")
      }: ${instance}: the server has another result of the same key, ` +
        "which remains",
    );
  }
}

/** What some instances of a run consist of, and the records of all that they depend on. */
export async function findDepartureOf(
  store: Store,
  run: RunRecord,
  entries: readonly InstanceEntry[],
): Promise<Departure> {
  const departure = await findDeparture(store, entries, privacyOf);
  const names = new Set(entries.map(({ name }) => name));
  const needed = new Set(names);
  for (const { name, inputs } of run.instances.toReversed()) {
    if (!needed.has(name)) continue;
    for (const { instance } of Object.values(inputs).flat()) needed.add(instance);
  }
  const others = run.instances.filter(({ name }) => needed.has(name) && !names.has(name));
  const { records } = await findDeparture(store, others, privacyOf);
  return { ...departure, records: [...records, ...departure.records] };
}

/** What leaves, by size, and what stays. */
export function listDivision(division: Division, departure: Departure, out: Output): void {
  const files = [...division.files].sort((a, b) => b.size - a.size);
  const rows = files.map(({ name, size, needs }) => [
    name,
    sizeText(size),
    needs.map((permit) => `by --${permit}`).join(" "),
  ]);
  for (const line of tableText(rows, [1], out.columns)) out.line(line);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  out.line(
    `${countText(files.length, "object")} (${sizeText(bytes)}) and ` +
      `${countText(division.records.length, "record")} would leave`,
  );
  for (const line of heldLines(division)) out.line(line);
  for (const { instance, reason } of departure.absent) out.line(`${instance} ${reason}`);
}

/** A line for each set of options that would let more go. */
export function heldLines({ held }: Division): string[] {
  const groups: (readonly Permit[])[] = [["images"], ["participants"], PERMITS];
  return groups.flatMap((permits) => {
    const parts = held.filter(({ needs }) => needs.join() === permits.join());
    if (parts.length === 0) return [];
    const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
    const options = permits.map((permit) => `--${permit}`).join(" ");
    return [
      `${countText(parts.length, "file")} (${sizeText(bytes)}) stay without ${options}, ` +
      `such as ${parts[0].name}`,
    ];
  });
}
