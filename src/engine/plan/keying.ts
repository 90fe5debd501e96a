/** Makes the parts of a key from an instance and its inputs. */
import { filesBelow } from "../../disk/folders.ts";
import { statIfPresent } from "../../disk/read.ts";
import { DataError } from "../../errors.ts";
import type { Binding, Instance } from "../../workflow/graph.ts";
import { type Digest, type Json, runPlace } from "../../workflow/step.ts";
import { canonicalJson } from "../store/canonical.ts";
import { digestOf } from "../store/digest.ts";
import type { KeyParts } from "../store/key.ts";
import type { ManifestRef, OutputRef } from "../store/record.ts";
import { isBinding } from "./select.ts";
import type { Store } from "../store/store.ts";
import type { AxedRef } from "../task/task.ts";

export type OutputRefs = Readonly<Record<string, OutputRef>>;

/** Facts about the device that results depend on, by the policy of a step. */
export type NumericClass = (
  policy: "exact" | "class" | "any",
  store: Store,
) => Promise<Json> | Json;

/** Digest of the modules that a device step computes with. */
export type DeviceCode = (kind: string) => Promise<Digest>;

interface KeyedParams {
  params: Record<string, Json>;
  position?: Record<string, number>;
}

/** Makes key parts; asks for the device once, and only when a device step is met. */
export class Keying {
  readonly #keyed = new WeakMap<object, KeyedParams>();
  readonly #classes = new Map<string, Json>();
  /** Of device steps, by kind. */
  readonly #codes = new Map<string, Digest>();
  #ownFiles: ReadonlyMap<string, readonly Digest[]> | undefined;

  /** @param published content that the workflow itself published, by absolute path */
  constructor(
    readonly store: Store,
    readonly numericClass: NumericClass | undefined,
    readonly deviceCode: DeviceCode | undefined,
    readonly published: () => ReadonlyMap<string, readonly Digest[]>,
  ) {}

  /** The strictest numeric class that was asked for. */
  device(): Json | undefined {
    return this.#classes.get("exact") ?? this.#classes.get("class") ?? this.#classes.get("any");
  }

  /**
   * Parts without inputs. A promise only where a file or the device must be examined: a plan of many
   * cached instances would otherwise wait for one each.
   */
  fixedParts(instance: Instance): Omit<KeyParts, "inputs"> | Promise<Omit<KeyParts, "inputs">> {
    const { kind } = instance;
    const paths = kind.source ? [] : kind.pathParameters;
    const policy = runPlace(instance) === "device" ? instance.execution.device : undefined;
    if (paths.length === 0 && (policy === undefined || this.#isKnown(policy, kind.kind))) {
      return this.#assemble(instance, {}, policy);
    }
    return this.#examine(instance, paths, policy);
  }

  #isKnown(policy: string, kind: string): boolean {
    return this.#classes.has(policy) && (!this.deviceCode || this.#codes.has(kind));
  }

  async #examine(
    instance: Instance,
    names: readonly string[],
    policy: Instance["execution"]["device"] | undefined,
  ): Promise<Omit<KeyParts, "inputs">> {
    if (policy !== undefined && !this.#classes.has(policy)) {
      if (!this.numericClass) {
        throw new TypeError(`${instance.name} runs on a device, and no numeric class was given`);
      }
      this.#classes.set(policy, await this.numericClass(policy, this.store));
    }
    const { kind } = instance.kind;
    if (policy !== undefined && this.deviceCode && !this.#codes.has(kind)) {
      this.#codes.set(kind, await this.deviceCode(kind));
    }
    const contents: Record<string, Json> = {};
    for (const name of names) {
      contents[name] = await this.#contentOf(instance.params[name] ?? null).catch((error) => {
        if (!(error instanceof DataError)) throw error;
        const address = `${instance.step}.${name}`;
        const advice = `the parameter ${address} names it: --set ${address}=PATH names another`;
        throw new DataError(error.subject, `${error.problem}; ${advice}`, { cause: error });
      });
    }
    return this.#assemble(instance, contents, policy);
  }

  #assemble(
    instance: Instance,
    paths: Record<string, Json>,
    policy: string | undefined,
  ): Omit<KeyParts, "inputs"> {
    const { kind } = instance;
    const keyed = this.#keyedParams(instance);
    const numericClass = policy === undefined ? undefined : this.#classes.get(policy);
    const code = kind.code ?? (policy === undefined ? undefined : this.#codes.get(kind.kind));
    return {
      kind: kind.kind,
      version: kind.version,
      ...(code !== undefined && { code }),
      params: keyed.params,
      paths,
      ...(keyed.position && { position: keyed.position }),
      ...(numericClass !== undefined && { numericClass }),
    };
  }

  /** Shared by the instances that share their parameters. */
  #keyedParams({ kind, params }: Instance): KeyedParams {
    const known = this.#keyed.get(params);
    if (known) return known;
    const apart = new Set([...kind.pathParameters, ...kind.unkeyed ?? []]);
    const keyed: KeyedParams = { params: {} };
    for (const [name, value] of Object.entries(params)) {
      if (apart.has(name) || value === undefined) continue;
      if (name === kind.chain && typeof value === "number") keyed.position = { [name]: value };
      else keyed.params[name] = value;
    }
    this.#keyed.set(params, keyed);
    return keyed;
  }

  /** A path by the digest of its file or folder; lists and objects of paths likewise. */
  async #contentOf(value: Json): Promise<Json> {
    if (typeof value === "string") return await this.#pathDigest(value);
    if (Array.isArray(value)) return await Promise.all(value.map((item) => this.#contentOf(item)));
    return value;
  }

  async #pathDigest(path: string): Promise<string> {
    // `digest` reports that a path is absent.
    if (!statIfPresent(path)?.isDirectory) return (await this.store.externals.digest(path)).digest;
    const entries: Json[] = [];
    this.#ownFiles ??= this.published();
    for (const file of filesBelow(path, "", { followLinks: false }).sort()) {
      const { digest } = await this.store.externals.digest(`${path}/${file}`);
      // What the workflow publishes into a folder that it reads would else change its own key.
      const isOwn = this.#ownFiles.get(`${path}/${file}`)?.includes(digest);
      if (!isOwn) entries.push([file, digest]);
    }
    return digestOf(canonicalJson(entries));
  }
}

/** What a binding refers to, once its producer's outputs are known. */
export function boundRef(binding: Binding, outputs: OutputRefs): ManifestRef {
  const output = outputs[binding.output];
  if (output === undefined) {
    throw new DataError(binding.instance, `has no output "${binding.output}"`);
  }
  if (binding.index === undefined) return output;
  const item = output.items?.[binding.index];
  if (item === undefined) {
    throw new DataError(
      `${binding.instance}.${binding.output}[${binding.index}]`,
      `there is no such element: the list has ${output.items?.length ?? 0}, counted from 0`,
    );
  }
  return item;
}

/** Input references of an instance; undefined while the outputs of a producer are unknown. */
export function boundInputs(
  instance: Instance,
  outputsOf: (name: string) => OutputRefs | undefined,
  axesOf: (name: string) => Instance["axes"],
): Record<string, ManifestRef | AxedRef[]> | undefined {
  const inputs: Record<string, ManifestRef | AxedRef[]> = {};
  for (const [port, input] of Object.entries(instance.inputs)) {
    if (isBinding(input)) {
      const outputs = outputsOf(input.instance);
      if (!outputs) return undefined;
      inputs[port] = boundRef(input, outputs);
      continue;
    }
    const elements: AxedRef[] = [];
    for (const binding of input) {
      const outputs = outputsOf(binding.instance);
      if (!outputs) return undefined;
      elements.push({ ref: boundRef(binding, outputs), axes: axesOf(binding.instance) });
    }
    inputs[port] = elements;
  }
  return inputs;
}

/** The inputs part of a key. */
export function inputParts(inputs: Record<string, ManifestRef | AxedRef[]>): KeyParts["inputs"] {
  const parts: Record<string, KeyParts["inputs"][string]> = {};
  for (const [port, input] of Object.entries(inputs)) {
    parts[port] = Array.isArray(input)
      ? input.map(({ ref, axes }) => ({ digest: ref.digest, axes }))
      : input.digest;
  }
  return parts;
}
