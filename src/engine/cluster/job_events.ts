/**
 * What a job reports while it runs: a file of lines in the folder of its submission, which it alone
 * writes. They are for people: whether an instance is done, its record alone decides.
 */
import { DataError } from "../../errors.ts";
import { isJsonObject, parseJson } from "../../json.ts";
import type { Digest, Progress } from "../../workflow/step.ts";
import type { FileOperations } from "../../disk/operations.ts";

/** An event of a job; `time` is ISO 8601, UTC. */
export type JobEvent =
  & { time: string }
  & (
    /** @param job id and index, as the scheduler names them */
    | { type: "started"; job: string; host: string }
    | { type: "log"; level: "info" | "warning"; message: string }
    | ({ type: "progress" } & Progress)
    /** `computed` is false when the record was there already. */
    | { type: "done"; key: Digest; computed: boolean }
    /** `stack` of a bug. */
    | { type: "failed"; message: string; stack?: string }
    /** Its machine has another device than the plan is for. */
    | { type: "other-device" }
    /** A signal asked it to stop, such as the one before its time limit. */
    | { type: "stopped"; signal: string }
  );

type WithoutTime<T> = T extends unknown ? Omit<T, "time"> : never;

export type JobEventBody = WithoutTime<JobEvent>;

export function jobEventsPath(folder: string, position: number): string {
  return `${folder}/${position}.jsonl`;
}

/** Appends events to the file of a job. */
export class JobEventWriter {
  constructor(readonly files: Pick<FileOperations, "append">, readonly path: string) {}

  write(body: JobEventBody): void {
    const event = { time: new Date().toISOString(), ...body };
    this.files.append(this.path, JSON.stringify(event) + "\n");
  }
}

/** Reads the events of a job as they come. */
export class JobEventReader {
  #read = 0;

  constructor(readonly files: Pick<FileOperations, "readSync" | "size">, readonly path: string) {}

  /** Those since the last call; a line that is still being written comes later. */
  next(): JobEvent[] {
    if ((this.files.size(this.path) ?? 0) <= this.#read) return [];
    const bytes = this.files.readSync(this.path) ?? new Uint8Array();
    const end = bytes.lastIndexOf(10) + 1;
    if (end <= this.#read) return [];
    const text = new TextDecoder().decode(bytes.subarray(this.#read, end));
    this.#read = end;
    return text.split("\n").flatMap((line) => line === "" ? [] : readEvent(line) ?? []);
  }
}

function readEvent(line: string): JobEvent | undefined {
  try {
    const event = parseJson(line, "an event of a job");
    const isEvent = isJsonObject(event) && typeof event.type === "string";
    return isEvent ? event as unknown as JobEvent : undefined;
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}
