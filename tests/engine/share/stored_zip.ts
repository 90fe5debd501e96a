/** Makes ZIP archives that no honest program writes. Format: PKWARE's APPNOTE, 4.3.7 and 4.3.12. */
import { crc32 } from "node:zlib";

export interface ZipEntry {
  name: string;
  content?: string | Uint8Array;
  /** Where it differs from the truth. */
  statedSize?: number;
  method?: number;
  flags?: number;
  /** Of UNIX, such as 0o120777 for a link. */
  mode?: number;
  /** Another name in the local header. */
  localName?: string;
}

/** An archive whose files are not compressed unless `content` is and `method` is 8. */
export function storedZip(entries: readonly ZipEntry[]): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let offset = 0;
  for (const entry of entries) {
    const content = typeof entry.content === "string"
      ? encoder.encode(entry.content)
      : entry.content ?? new Uint8Array();
    const { method = 0, flags = 0x800, mode = 0o100644, statedSize = content.length } = entry;
    const common = (name: Uint8Array) =>
      fields(
        [20, 2],
        [flags, 2],
        [method, 2],
        [0, 4],
        [crc32(content), 4],
        [content.length, 4],
        [
          statedSize,
          4,
        ],
        [name.length, 2],
        [0, 2],
      );
    const name = encoder.encode(entry.name);
    const localName = encoder.encode(entry.localName ?? entry.name);
    const local = join([fields([0x04034b50, 4]), common(localName), localName, content]);
    central.push(join([
      fields([0x02014b50, 4], [(3 << 8) | 20, 2]),
      common(name),
      fields([0, 2], [0, 2], [0, 2], [(mode << 16) >>> 0, 4], [offset, 4]),
      name,
    ]));
    parts.push(local);
    offset += local.length;
  }
  const directory = join(central);
  const count = entries.length;
  const end = fields(
    [0x06054b50, 4],
    [0, 2],
    [0, 2],
    [count, 2],
    [count, 2],
    [
      directory.length,
      4,
    ],
    [offset, 4],
    [0, 2],
  );
  return join([...parts, directory, end]);
}

/** Little-endian numbers of so many bytes. */
function fields(...values: [value: number, bytes: number][]): Uint8Array {
  return Uint8Array.from(
    values.flatMap(([value, bytes]) =>
      Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) % 256)
    ),
  );
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
