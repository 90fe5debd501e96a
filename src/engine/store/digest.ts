/** SHA-256 digests, written `sha256-` and 64 hexadecimal digits. */
import { openInput } from "../../disk/read.ts";
import type { Digest } from "../../workflow/step.ts";
import { sha256 } from "./sha256.ts";

/** Bytes read or written at a time when a file is hashed: large enough that calls don't count. */
export const CHUNK = 1 << 20;
const PREFIX = "sha256-";
const encoder = new TextEncoder();

/** Bytes that may still be hashed here; beyond them loading Node's hash (20 ms) pays. */
let budget = 1 << 18;

/** Digest of bytes, or of a text's UTF-8. */
export function digestOf(content: Uint8Array | string): Digest {
  const bytes = typeof content === "string" ? encoder.encode(content) : content;
  if (bytes.length <= budget) {
    budget -= bytes.length;
    return PREFIX + sha256(bytes);
  }
  budget = 0;
  return PREFIX + nodeCrypto().hash("sha256", bytes, "hex");
}

function nodeCrypto() {
  return process.getBuiltinModule("node:crypto");
}

/** Starts a digest that is computed piece by piece. */
export function startHash(): { update(piece: Uint8Array): void; digest(): Digest } {
  const hash = nodeCrypto().createHash("sha256");
  return {
    update: (piece) => void hash.update(piece),
    digest: () => PREFIX + hash.digest("hex"),
  };
}

/**
 * Digest and size in bytes of a file of any length, in constant memory.
 *
 * @throws {DataError} when it is missing or can't be read
 */
export async function digestFile(path: string): Promise<{ digest: Digest; size: number }> {
  const hash = nodeCrypto().createHash("sha256");
  const file = await openInput(path);
  try {
    // Two buffers: one is filled while the other is hashed.
    const buffers = [new Uint8Array(CHUNK), new Uint8Array(CHUNK)];
    let size = 0;
    let turn = 0;
    let filling = file.read(buffers[turn]);
    for (;;) {
      const count = await filling;
      if (count === null) break;
      const filled = buffers[turn].subarray(0, count);
      turn = 1 - turn;
      filling = file.read(buffers[turn]);
      hash.update(filled);
      size += count;
    }
    return { digest: PREFIX + hash.digest("hex"), size };
  } finally {
    file.close();
  }
}

/** The hexadecimal digits alone. */
export function hexOf(digest: Digest): string {
  return digest.slice(PREFIX.length);
}

/** Bytes of a name; disks take up to 255, with endings. */
const LONGEST_NAME = 100;

/** A file name for a text: percent-encoded, or its digest where that is long. */
export function fileNameFor(text: string): string {
  const name = encodeURIComponent(text);
  return name.length <= LONGEST_NAME ? name : hexOf(digestOf(text));
}

const PATTERN = /^sha256-[0-9a-f]{64}$/;

export function isDigest(value: unknown): value is Digest {
  return typeof value === "string" && PATTERN.test(value);
}
