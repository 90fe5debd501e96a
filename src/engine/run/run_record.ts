/** Whether what is read as the record of a run has the fields that are shown, exported or opened. */
import { isJsonObject } from "../../json.ts";
import { artifactPathProblem } from "../store/manifest.ts";
import { isOutputRef, isTableOf } from "../store/checked.ts";
import { isDigest } from "../store/digest.ts";
import type { InstanceEntry, RunRecord } from "./run_folder.ts";

export function isRunRecord(value: unknown): value is RunRecord {
  if (!isJsonObject(value) || value.version !== 1) return false;
  const { id, status, started, workflow, instances, publications, versions } = value;
  return [id, status, started].every(isText) && isWorkflow(workflow) &&
    Array.isArray(instances) && instances.every(isInstance) &&
    Array.isArray(publications) && publications.every(isPublication) &&
    isTableOf(versions, isText);
}

function isWorkflow(value: unknown): boolean {
  return isJsonObject(value) && [value.name, value.file, value.folder].every(isText) &&
    isTableOf(value.sources, isText) && isJsonObject(value.params);
}

function isInstance(value: unknown): value is InstanceEntry {
  return isJsonObject(value) &&
    [value.name, value.step, value.kind, value.outcome].every(isText) &&
    isJsonObject(value.axes) && isJsonObject(value.params) &&
    isTableOf(value.inputs, isInput) && Array.isArray(value.reasons) &&
    (value.key === undefined || isDigest(value.key)) &&
    (value.outputs === undefined || isTableOf(value.outputs, isOutputRef));
}

function isInput(value: unknown): value is InstanceEntry["inputs"][string] {
  return Array.isArray(value) ? value.every(isBinding) : isBinding(value);
}

function isPublication(value: unknown): boolean {
  return isJsonObject(value) && isText(value.path) &&
    artifactPathProblem(value.path) === undefined && isBinding(value);
}

function isBinding(value: unknown): boolean {
  return isJsonObject(value) && isText(value.instance) && isText(value.output) &&
    (value.index === undefined || Number.isSafeInteger(value.index));
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
