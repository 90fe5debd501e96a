/** A thread of {@link GeneratorPool}: one image at a time. */
import { connectToParent, transfer } from "../../threads/channel.ts";
import { generateImage, type ImageJob } from "./image.ts";

export type GeneratorMethods = typeof methods;

const methods = {
  generate(job: ImageJob) {
    const bytes = generateImage(job);
    return transfer(bytes, [bytes.buffer]);
  },
};

connectToParent(methods);
