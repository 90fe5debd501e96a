/** Gyrus's public interface; run as a program it is the command line. */
export { DataError, DeviceError, type Issue, StepError, WorkflowError } from "./src/errors.ts";
export { defineStep } from "./src/workflow/step.ts";
