/** The other end of {@link HeadPool}: one thread, one head at a time. */
import { connectToParent, transfer } from "../../threads/channel.ts";
import { type HeadCompute, type HeadJob, preprocessHead, type RegisteredHead } from "./head.ts";
import type { PreparedTemplate } from "./template_space.ts";

export type HeadMethods = {
  setTemplate(prepared: PreparedTemplate): void;
  preprocess(job: HeadJob): Promise<RegisteredHead>;
};

/** @param compute the thread's processor when absent */
export function serveHeads(compute?: HeadCompute): void {
  let template: PreparedTemplate | undefined;
  connectToParent(
    {
      setTemplate(prepared) {
        template = prepared;
      },
      async preprocess(job) {
        const head = await preprocessHead(job, template!, compute);
        return transfer(head, [head.bytes.buffer]);
      },
    } satisfies HeadMethods,
  );
}
