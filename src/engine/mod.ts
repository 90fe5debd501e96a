/** The workflow engine: plans, runs, explains and caches. It knows no step, tensor or device. */
export { openArtifact, outputState } from "./store/artifact.ts";
export type {
  Counts,
  EngineEvent,
  EventBody,
  EventListener,
  Outcome,
  RunStatus,
} from "./plan/events.ts";
export type { Executor, Job } from "./task/executors/executor.ts";
export { LocalExecutor, type LocalOptions } from "./task/executors/local.ts";
export type { KeyParts } from "./store/key.ts";
export type { NumericClass, Outputs } from "./plan/keying.ts";
export {
  pending,
  type Plan,
  plan,
  type PlannedInstance,
  type PlanOptions,
  type PlanState,
} from "./plan/plan.ts";
export { locatedReasonText, type Reason, reasonText } from "./plan/reason.ts";
export type { InstanceRecord, ManifestRef, OutputRef } from "./store/record.ts";
export { run, type RunOptions, type RunResult } from "./run/run.ts";
export {
  failedPath,
  type InstanceEntry,
  isAlive,
  listRuns,
  readEvents,
  readRun,
  runPath,
  type RunRecord,
} from "./run/run_folder.ts";
export type { Selection } from "./plan/select.ts";
export {
  ObjectError,
  openStore,
  Store,
  type StoreOptions,
  type VerifyPolicy,
} from "./store/store.ts";
export {
  type CachedResult,
  type CacheStats,
  cacheStats,
  type CacheVerification,
  findKeys,
  listCache,
  removeResults,
  verifyCache,
} from "./store/cache.ts";
export { exportCrate } from "./crate.ts";
export { type Change, diffRuns, type InstanceDiff, lastMetrics, type RunDiff } from "./diff.ts";
export { type Explanation, type InputChange, why } from "./plan/explain.ts";
export { gc, type GcOptions, type GcResult, type Removal } from "./gc.ts";
export { drift, encodeLock, LOCK_FILE, type LockFile, lockOf } from "./plan/lock_file.ts";
export { pin, readPins, unpin } from "./store/pins.ts";
export { type Mismatch, type Verification, verify } from "./run/verify.ts";
