/** A thread of {@link GeneratorPool}: one image at a time. */
import { DataError } from "../../errors.ts";
import { generateImage, type ImageJob } from "./image.ts";

export type FromGenerator =
  | { type: "image"; bytes: Uint8Array<ArrayBuffer> }
  | { type: "refused"; subject: string; problem: string }
  | { type: "failed"; message: string; stack?: string };

interface Scope {
  onmessage: ((event: MessageEvent<ImageJob>) => void) | null;
  postMessage(message: FromGenerator, transfer: Transferable[]): void;
}

const scope = globalThis as unknown as Scope;

scope.onmessage = ({ data: job }) => {
  try {
    const bytes = generateImage(job);
    scope.postMessage({ type: "image", bytes }, [bytes.buffer]);
  } catch (error) {
    if (error instanceof DataError) {
      scope.postMessage({ type: "refused", subject: error.subject, problem: error.problem }, []);
    } else if (error instanceof Error) {
      scope.postMessage({ type: "failed", message: error.message, stack: error.stack }, []);
    } else throw error;
  }
};
