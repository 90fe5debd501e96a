/** Whether what is read as the record of a run has the fields that are shown, exported or opened. */
import { isJsonObject } from "../../json.ts";
import { artifactPathProblem } from "../store/manifest.ts";
import { isOutputRef } from "../store/record.ts";
import { isDigest } from "../store/digest.ts";

export function isRunRecord(value: unknown): boolean {
  if (!isJsonObject(value) || value.version !== 1) return false;
  const { id, status, started, workflow, instances, publications, versions } = value;
  return [id, status, started].every(isText) && isWorkflow(workflow) &&
    Array.isArray(instances) && instances.every(isInstance) &&
    Array.isArray(publications) && publications.every(isPublication) &&
    everyField(versions, isText);
}

function isWorkflow(value: unknown): boolean {
  return isJsonObject(value) && [value.name, value.file, value.folder].every(isText) &&
    everyField(value.sources, isText) && isJsonObject(value.params);
}

function isInstance(value: unknown): boolean {
  return isJsonObject(value) &&
    [value.name, value.step, value.kind, value.outcome].every(isText) &&
    isJsonObject(value.axes) && isJsonObject(value.params) &&
    everyField(value.inputs, isInput) && Array.isArray(value.reasons) &&
    (value.key === undefined || isDigest(value.key)) &&
    (value.outputs === undefined || everyField(value.outputs, isOutputRef));
}

function isInput(value: unknown): boolean {
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

function everyField(value: unknown, fits: (item: unknown) => boolean): boolean {
  return isJsonObject(value) && Object.values(value).every(fits);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
