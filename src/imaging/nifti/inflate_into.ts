/** Inflating gzip files into memory that is already there. */
import { zlib } from "./zlib.ts";

/**
 * Inflates every member of a gzip file, its checksums verified, to the start of `memory`, which has
 * at least one byte more than the content may have.
 *
 * @param enough bytes of content after which whatever follows a member is ignored, as nibabel does
 * @returns how many bytes the content has; the size of the memory when it may have more
 * @throws {Error} with zlib's message when the file is broken or truncated
 */
export type InflateInto = (
  bytes: Uint8Array,
  memory: Uint8Array<ArrayBuffer>,
  enough?: number,
) => number;

/**
 * What Node's gzip streams write through. `node:zlib` documents no way to inflate into given memory,
 * and new memory for each image costs up to half as much as the inflating: the system hands it out
 * page by page, and the caches hold none of it.
 */
interface Handle {
  onerror(message: string): void;
  writeSync(
    flush: number,
    input: Uint8Array,
    inputOffset: number,
    inputLength: number,
    output: Uint8Array,
    outputOffset: number,
    outputLength: number,
  ): void;
}

interface Internals {
  _handle?: Partial<Handle>;
  /** Bytes of the output that are free after a write, and of the input that are left. */
  _writeState?: Uint32Array;
}

function internals(stream: unknown): Internals {
  return stream as Internals;
}

export const inflateByHandle: InflateInto = (bytes, memory, enough = Infinity) => {
  const stream = zlib().createGunzip();
  try {
    const { _handle: handle, _writeState: state } = internals(stream) as {
      _handle: Handle;
      _writeState: Uint32Array;
    };
    let problem: string | undefined;
    handle.onerror = (message) => problem = message;
    handle.writeSync(zlib().constants.Z_FINISH, bytes, 0, bytes.length, memory, 0, memory.length);
    const length = memory.length - state[0];
    if (problem === undefined || isRubbish(problem) && length >= enough) return length;
    throw new Error(problem);
  } finally {
    stream.close();
  }
};

/** Whether members were read to their checksums, and what follows is no member. */
function isRubbish(problem: string): boolean {
  return problem.includes("incorrect header check");
}

/**
 * By documented calls alone, for a Deno whose streams have another handle; it refuses whatever follows
 * a member.
 */
export const inflateByCopy: InflateInto = (bytes, memory) => {
  try {
    const content = zlib().gunzipSync(bytes, { maxOutputLength: memory.length });
    memory.set(content);
    return content.length;
  } catch (error) {
    if ((error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE") return memory.length;
    throw error;
  }
};

/** The way that this Deno's streams allow. */
export function chooseInflate(): InflateInto {
  return hasHandle() ? inflateByHandle : inflateByCopy;
}

function hasHandle(): boolean {
  const stream = zlib().createGunzip();
  const { _handle: handle, _writeState: state } = internals(stream);
  stream.close();
  return typeof handle?.writeSync === "function" && state instanceof Uint32Array;
}

let chosen: InflateInto | undefined;

export const inflateInto: InflateInto = (bytes, memory, enough) => {
  chosen ??= chooseInflate();
  return chosen(bytes, memory, enough);
};
