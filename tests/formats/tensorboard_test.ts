import { assertEquals } from "@std/assert";
import { maskedCrc32c, writeEvents } from "../../src/formats/tensorboard.ts";

Deno.test("maskedCrc32c gives the published check value", () => {
  assertEquals(maskedCrc32c(new TextEncoder().encode("123456789")), 0xc78ab0e5);
});

Deno.test("writeEvents writes the header that TensorBoard writes, byte for byte", () => {
  assertEquals(
    writeEvents(1_700_000_000, []).toHex(),
    "1800000000000000a37f4b220900000040fc54d9411a0d627261696e2e4576656e743a32eced8f9d",
  );
});

Deno.test("writeEvents writes a scalar as TensorBoard does, with the length and both checksums", () => {
  const event = { tag: "loss", step: 7, value: 0.5, wallTime: 1_700_000_001 };
  const record = writeEvents(1_700_000_000, [event]).subarray(40);
  const data = "0900004040fc54d94110072a0d0a0b0a046c6f7373150000003f";
  assertEquals(record.subarray(0, 8).toHex(), "1a00000000000000");
  assertEquals(record.subarray(12, -4).toHex(), data);
  const view = new DataView(record.buffer, record.byteOffset);
  assertEquals(view.getUint32(8, true), maskedCrc32c(record.subarray(0, 8)));
  assertEquals(view.getUint32(record.length - 4, true), maskedCrc32c(record.subarray(12, -4)));
});

Deno.test("writeEvents writes the very bytes that check_tensorboard.py saw TensorBoard read", () => {
  const events = [0, 1, 127, 128, 300_000].map((step) => ({
    tag: "réseau/loss",
    step,
    value: 1 / (1 + step),
    wallTime: 1_700_000_000 + step,
  }));
  const fixture = new URL("../fixtures/formats/events.out.tfevents.1700000000", import.meta.url);
  assertEquals(writeEvents(1_700_000_000, events), Deno.readFileSync(fixture));
});
