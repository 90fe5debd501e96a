/** A thread of {@link ExtractionPool}: one image at a time. */
import { connectToParent, transfer } from "../../threads/channel.ts";
import { Scratch } from "../nifti/gzip.ts";
import { extractFile, type MaskFile, readMasks } from "./extract_file.ts";
import type { OrientedMask, Recipe } from "./extraction.ts";

export type ExtractionMethods = typeof methods;

const scratch = new Scratch();
let masks: ReadonlyMap<string, OrientedMask> = new Map();

const methods = {
  setMasks(files: readonly MaskFile[]): void {
    masks = readMasks(files);
  },
  extract(bytes: Uint8Array<ArrayBuffer>, recipe: Recipe, subject: string) {
    const extracted = extractFile(bytes, recipe, masks, subject, scratch);
    return transfer(extracted, [extracted.bytes.buffer]);
  },
};

connectToParent(methods);
