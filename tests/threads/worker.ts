/** A thread for pool_test.ts. */
import { connectToParent } from "../../src/threads/channel.ts";

export type Methods = typeof methods;

let calls = 0;

const methods = {
  /** How many calls this thread has had. */
  count(): number {
    return ++calls;
  },
  wait: (): Promise<never> => new Promise(() => {}),
  die(): Promise<never> {
    setTimeout(() => {
      throw new Error("in a timer");
    });
    return new Promise(() => {});
  },
};

connectToParent(methods);
