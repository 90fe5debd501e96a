/** A thread of {@link ExtractionPool}: one image at a time. */
import { DataError } from "../../errors.ts";
import { extractFile, type MaskFile, readMasks } from "./extract_file.ts";
import type { Mask, Recipe } from "./extraction.ts";
import { Scratch } from "../nifti/gzip.ts";

export type ToExtractor =
  | { type: "masks"; files: readonly MaskFile[] }
  | { type: "extract"; bytes: Uint8Array<ArrayBuffer>; recipe: Recipe; subject: string };

export type FromExtractor =
  | { type: "tensors"; bytes: Uint8Array<ArrayBuffer> }
  | { type: "refused"; subject: string; problem: string }
  | { type: "failed"; message: string; stack?: string };

interface Scope {
  onmessage: ((event: MessageEvent<ToExtractor>) => void) | null;
  postMessage(message: FromExtractor, transfer: Transferable[]): void;
}

const scope = globalThis as unknown as Scope;
const scratch = new Scratch();
let masks: ReadonlyMap<string, Mask> = new Map();

scope.onmessage = ({ data: message }) => {
  try {
    if (message.type === "masks") {
      masks = readMasks(message.files);
      return;
    }
    const bytes = extractFile(message.bytes, message.recipe, masks, message.subject, scratch);
    scope.postMessage({ type: "tensors", bytes }, [bytes.buffer]);
  } catch (error) {
    if (error instanceof DataError) {
      scope.postMessage({ type: "refused", subject: error.subject, problem: error.problem }, []);
    } else if (error instanceof Error) {
      scope.postMessage({ type: "failed", message: error.message, stack: error.stack }, []);
    } else throw error;
  }
};
