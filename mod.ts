/** Gyrus's public interface; run as a program it is the command line. */
export { z } from "zod";
export { DataError, DeviceError, type Issue, StepError, WorkflowError } from "./src/errors.ts";
export { pathParameter } from "./src/workflow/path_parameter.ts";
export {
  type Artifact,
  type ArtifactFile,
  type Blob,
  type Checkpoint,
  type CheckpointChain,
  defineStep,
  type Digest,
  type Draft,
  type InputPort,
  type Json,
  type OutputPort,
  type Progress,
  type StepContext,
  type StepKind,
} from "./src/workflow/step.ts";

if (import.meta.main) {
  const { main } = await import("./src/cli/main.ts");
  Deno.exit(await main(Deno.args));
}
