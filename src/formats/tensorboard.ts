/**
 * TensorBoard event files with scalars. A record is
 * `u64 length | u32 masked crc32c of it | message | u32 masked crc32c of the message`, the message a
 * protocol buffer `tensorflow.Event`.
 */

/** A point of a curve. */
export interface ScalarEvent {
  /** Name of the curve. */
  tag: string;
  step: number;
  value: number;
  /** Seconds since 1970. */
  wallTime: number;
}

/** crc32c (Castagnoli) of each byte value: reflected polynomial 0x82f63b78. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc >>> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
  return crc;
});

/** The masked crc32c of event files: `rotate(crc, 15) + 0xa282ead8`. */
export function maskedCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = crc >>> 8 ^ CRC_TABLE[(crc ^ byte) & 0xff];
  crc = ~crc;
  return (crc >>> 15 | crc << 17) + 0xa282ead8 >>> 0;
}

/**
 * Writes an event file. TensorBoard finds it by a name with "tfevents" in it, one folder a curve.
 *
 * @param startTime of the header record, in seconds since 1970
 */
export function writeEvents(
  startTime: number,
  events: Iterable<ScalarEvent>,
): Uint8Array<ArrayBuffer> {
  const file = new ByteWriter();
  const header = new ByteWriter();
  header.field(1, 1).f64(startTime);
  header.bytesField(3, new TextEncoder().encode("brain.Event:2"));
  writeRecord(file, header.done());
  for (const { tag, step, value, wallTime } of events) {
    const scalar = new ByteWriter();
    scalar.bytesField(1, new TextEncoder().encode(tag));
    scalar.field(2, 5).f32(value);
    const summary = new ByteWriter();
    summary.bytesField(1, scalar.done());
    const event = new ByteWriter();
    event.field(1, 1).f64(wallTime);
    event.field(2, 0).varint(step);
    event.bytesField(5, summary.done());
    writeRecord(file, event.done());
  }
  return file.done();
}

function writeRecord(file: ByteWriter, data: Uint8Array): void {
  const length = new ByteWriter();
  length.u32(data.length).u32(0);
  const lengthBytes = length.done();
  file.raw(lengthBytes).u32(maskedCrc32c(lengthBytes)).raw(data).u32(maskedCrc32c(data));
}

/** Appends little-endian numbers and protocol-buffer fields. */
class ByteWriter {
  #bytes = new Uint8Array(64);
  #length = 0;

  /** The tag of a field; wire types: 0 varint, 1 64 bits, 2 length-delimited, 5 32 bits. */
  field(number: number, wireType: 0 | 1 | 2 | 5): this {
    return this.varint(number << 3 | wireType);
  }

  bytesField(number: number, bytes: Uint8Array): this {
    return this.field(number, 2).varint(bytes.length).raw(bytes);
  }

  varint(value: number): this {
    while (value >= 0x80) {
      this.raw(Uint8Array.of(value % 0x80 | 0x80));
      value = Math.floor(value / 0x80);
    }
    return this.raw(Uint8Array.of(value));
  }

  u32(value: number): this {
    return this.raw(new Uint8Array(Uint32Array.of(value).buffer));
  }

  f32(value: number): this {
    return this.raw(new Uint8Array(Float32Array.of(value).buffer));
  }

  f64(value: number): this {
    return this.raw(new Uint8Array(Float64Array.of(value).buffer));
  }

  raw(bytes: Uint8Array): this {
    const end = this.#length + bytes.length;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(2 * end);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = end;
    return this;
  }

  done(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }
}
