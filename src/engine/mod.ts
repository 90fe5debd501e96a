/** The workflow engine: plans, runs, explains and caches. It knows no step, tensor or device. */
export { openArtifact, outputState } from "./artifact.ts";
export type {
  Counts,
  EngineEvent,
  EventBody,
  EventListener,
  Outcome,
  RunStatus,
} from "./events.ts";
export type { Executor, Job } from "./executors/executor.ts";
export { LocalExecutor, type LocalOptions } from "./executors/local.ts";
export type { KeyParts } from "./key.ts";
export type { NumericClass, Outputs } from "./keying.ts";
export {
  pending,
  type Plan,
  plan,
  type PlannedInstance,
  type PlanOptions,
  type PlanState,
} from "./plan.ts";
export { locatedReasonText, type Reason, reasonText } from "./reason.ts";
export type { InstanceRecord, ManifestRef, OutputRef } from "./record.ts";
export { run, type RunOptions, type RunResult } from "./run.ts";
export {
  failedPath,
  type InstanceEntry,
  isAlive,
  listRuns,
  readEvents,
  readRun,
  runPath,
  type RunRecord,
} from "./run_folder.ts";
export type { Selection } from "./select.ts";
export { ObjectError, openStore, Store, type StoreOptions, type VerifyPolicy } from "./store.ts";
export {
  type CachedResult,
  type CacheStats,
  cacheStats,
  type CacheVerification,
  findKeys,
  listCache,
  removeResults,
  verifyCache,
} from "./cache.ts";
export { exportCrate } from "./crate.ts";
export { type Change, diffRuns, type InstanceDiff, lastMetrics, type RunDiff } from "./diff.ts";
export { type Explanation, type InputChange, why } from "./explain.ts";
export { gc, type GcOptions, type GcResult, type Removal } from "./gc.ts";
export { drift, encodeLock, LOCK_FILE, type LockFile, lockOf } from "./lock_file.ts";
export { pin, readPins, unpin } from "./pins.ts";
export { type Mismatch, type Verification, verify } from "./verify.ts";
