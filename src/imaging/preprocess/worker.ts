/** A thread of {@link HeadPool}: one head at a time. */
import { connectToParent, transfer } from "../../threads/channel.ts";
import { type HeadJob, preprocessHead } from "./head.ts";
import type { PreparedTemplate } from "./template_space.ts";

export type HeadMethods = typeof methods;

let template: PreparedTemplate | undefined;

const methods = {
  setTemplate(prepared: PreparedTemplate): void {
    template = prepared;
  },
  preprocess(job: HeadJob) {
    const head = preprocessHead(job, template!);
    return transfer(head, [head.bytes.buffer]);
  },
};

connectToParent(methods);
