/** Small files that were made to take all memory or time: each is refused at once. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { zipSync } from "fflate";
import { DataError } from "../../src/errors.ts";
import { readSafetensors } from "../../src/formats/safetensors.ts";
import { readTorch, stateDict } from "../../src/formats/torch_checkpoint.ts";
import { readZip, writeZip } from "../../src/formats/zip.ts";
import { MUTANTS, readMutants } from "./mutation.ts";

const MOST_SECONDS = 2;

/** The message with which a file is refused, in time and in a line. */
function refusal(read: () => unknown): string {
  const start = performance.now();
  const { message } = assertThrows(read, DataError);
  const seconds = (performance.now() - start) / 1000;
  assert(seconds < MOST_SECONDS, `refused after ${seconds} s`);
  assert(message.length < 400, `a message of ${message.length} characters`);
  return message;
}

const latin1 = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));
const text = (value: string) => `X${String.fromCharCode(value.length)}\0\0\0${value}`;
const archiveOf = (bytes: Uint8Array<ArrayBuffer>) => writeZip([{ name: "x/data.pkl", bytes }]);
const checkpoint = (pickle: string) => archiveOf(latin1(`\x80\x02${pickle}`));
const readPickle = (pickle: string) => () => readTorch(checkpoint(pickle), "bomb.pt");

/** Forty lists, each of which holds the one before it twice: two to the fortieth items. */
const sharedLists = Array.from(
  { length: 40 },
  (_, i) =>
    `](${i === 0 ? "K\x01K\x01" : `h${String.fromCharCode(i - 1)}`.repeat(2)}e` +
    `q${String.fromCharCode(i)}0`,
).join("") + "h\x27";

/** A list of 4000 pairs as memo entry 0. */
const longList = `](${`${text("k")}K\x01\x86`.repeat(4000)}eq\x000`;

/** A tuple in a tuple in a tuple: text of it needs more stack than there is. */
const deepTuple = `)${"\x85".repeat(100_000)}`;

/** A storage whose count of elements is the value, as a checkpoint's tensors name it. */
const storageOf = (count: string) =>
  `(${text("storage")}ctorch\nFloatStorage\n${text("0")}${text("cpu")}${count}tQ.`;

Deno.test("a pickle's lists that share lists are described, never written out", () => {
  assertEquals(
    refusal(readPickle(storageOf(sharedLists))),
    "bomb.pt: has a list of 2 where a size belongs",
  );
  assertEquals(
    refusal(readPickle(storageOf(deepTuple))),
    "bomb.pt: has a list of 1 where a size belongs",
  );
  const key = `ccollections\nOrderedDict\n](${sharedLists}K\x01\x86e\x85R.`;
  assertEquals(refusal(readPickle(key)), "bomb.pt: has a list of 2 where a name belongs");
  const global = `${sharedLists}${text("name")}\x93.`;
  assert(refusal(readPickle(global)).includes("names a function by something that is no text"));
  const encoding = `c_codecs\nencode\n(${text("a")}${sharedLists}tR.`;
  assert(refusal(readPickle(encoding)).includes("unknown encoding"));
});

Deno.test("names in a pickle are cut in errors", () => {
  assert(refusal(readPickle(`c${"a".repeat(100_000)}\nb\n.`)).includes("aaaa…"));
  const name = `X\xa0\x86\x01\0${"b".repeat(100_000)}`;
  const dict = `}${name}K\x01s.`;
  assert(refusal(() => stateDict(readTorch(checkpoint(dict), "x.pt"), "x.pt")).includes("bbbb…"));
});

Deno.test("a pickle can't copy one long list many times", () => {
  for (const global of ["ccollections\nOrderedDict\n", "c__builtin__\nset\n"]) {
    const calls = `${longList}(${`${global}h\0\x85R`.repeat(20_000)}l.`;
    assert(refusal(readPickle(calls)).includes("far more memory than the file has data"), global);
  }
});

Deno.test("entries of an archive can't share their bytes", () => {
  const archive = new Uint8Array(zipSync({ a: new Uint8Array(1e6), b: new Uint8Array(10) }));
  const view = new DataView(archive.buffer);
  const directory = view.getUint32(archive.length - 6, true);
  const second = directory + 46 + 1;
  // The second entry's description becomes the first's: size, checksum and place.
  for (const field of [16, 20, 24, 42]) {
    view.setUint32(second + field, view.getUint32(directory + field, true), true);
  }
  const read = readZip(archive, "x.zip");
  assert(refusal(() => read.read("a")).includes("a overlaps what follows it"));
});

Deno.test("what an archive inflates to in all is limited", () => {
  const bytes = new Uint8Array(100_000);
  const names = ["a", "b", "c"];
  const archive = writeZip(names.map((name) => ({ name, bytes })));
  const view = new DataView(archive.buffer);
  let at = view.getUint32(archive.length - 6, true);
  for (const _ of names) {
    view.setUint16(at + 10, 8, true); // Deflated.
    view.setUint32(at + 24, 100e6, true); // To at most 1032 times its bytes.
    at += 46 + 1;
  }
  const read = readZip(archive, "x.zip");
  assert(refusal(() => read.read("a")).includes("a cannot be inflated"));
  assert(refusal(() => read.read("b")).includes("b cannot be inflated"));
  assert(refusal(() => read.read("c")).includes("inflates to far more than its size"));
});

const safetensors = (header: string) => {
  const bytes = new Uint8Array(8 + header.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(new TextEncoder().encode(header), 8);
  return () => readSafetensors(bytes, "x.safetensors");
};

Deno.test("a safetensors header is limited in bytes, depth and values", () => {
  assert(
    refusal(safetensors(`{"x":${"[".repeat(10e6)}`)).includes("nested deeper than the 3 levels"),
  );
  assert(refusal(safetensors(" ".repeat(17e6))).includes("at most 16777216 are read"));
  assert(refusal(safetensors(`{"x":[${"0,".repeat(3e6)}0]}`)).includes("2000000 values"));
});

Deno.test("a safetensors header whose dtype is a list or an object is refused by name", () => {
  for (
    const [dtype, described] of [["{}", "an object"], ["[1]", "a list of 1"], ["null", "null"]]
  ) {
    const read = safetensors(`{"x":{"dtype":${dtype},"shape":[],"data_offsets":[0,0]}}`);
    assert(refusal(read).endsWith(`tensor x has the unknown dtype ${described}`), dtype);
  }
  const axes = `{"x":{"dtype":"U8","shape":[${"1,".repeat(1000)}1],"data_offsets":[0,1]}}`;
  assert(refusal(safetensors(axes)).includes("has 1001 axes"));
});

Deno.test("mutants of bombs are answered in time, by a DataError or a value", () => {
  const bombs = [
    storageOf(sharedLists),
    `ccollections\nOrderedDict\n](${sharedLists}K\x01\x86e\x85R.`,
    `(${`c__builtin__\nset\nh\0\x85R`.repeat(50)}l.`,
  ];
  for (const pickle of bombs) {
    const bytes = latin1(`\x80\x02${pickle}`);
    const read = (mutant: Uint8Array<ArrayBuffer>) => readTorch(archiveOf(mutant), "a mutant");
    readMutants(bytes, read, MUTANTS / 5);
  }
});
