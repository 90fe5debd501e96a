/**
 * Provenance of a run as a Workflow Run RO-Crate: RO-Crate 1.1 with the Provenance Run profile 0.5
 * (https://www.researchobject.org/workflow-run-crate/profiles/).
 */
import { listFolder, makeFolder } from "../disk/folders.ts";
import { replaceFile } from "../disk/write.ts";
import { DataError } from "../errors.ts";
import type { Blob, Json } from "../workflow/step.ts";
import { openArtifact } from "./store/artifact.ts";
import { artifactPathProblem } from "./store/manifest.ts";
import { digestOf, hexOf } from "./store/digest.ts";
import type { InstanceEntry, RunRecord } from "./run/run_folder.ts";
import type { Store } from "./store/store.ts";
import { ObjectError } from "./store/store_error.ts";

type Entity = { "@id": string; "@type": string | string[]; [key: string]: Json };
type Reference = { "@id": string };

const PROFILES = ["process", "workflow", "provenance"] as const;
const PROFILE_VERSION = "0.5";
const WORKFLOW_CRATE = "https://w3id.org/workflowhub/workflow-ro-crate/1.0";
const LANGUAGE = "#gyrus-workflow-language";
const ENGINE = "#gyrus";

/** A file of a crate. */
export interface CrateFile {
  path: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Writes a folder with `ro-crate-metadata.json`, the workflow file and its includes, the run record,
 * and what the run published.
 *
 * @throws {DataError} when the folder exists and is not empty, or a published output is no longer in
 *   the cache
 */
export async function exportCrate(store: Store, run: RunRecord, folder: string): Promise<void> {
  makeFolder(folder);
  if (listFolder(folder).length > 0) {
    throw new DataError(folder, "is not empty; name a new folder for the crate");
  }
  for (const { path, bytes } of await crateFiles(store, run)) {
    const to = `${folder}/${path}`;
    makeFolder(to.slice(0, to.lastIndexOf("/")));
    await replaceFile(to, bytes, false);
  }
}

/**
 * All files of a crate; the last is `ro-crate-metadata.json`.
 *
 * @param isIncluded which published files are in it
 * @throws {DataError} when a published output is no longer in the cache
 */
export async function crateFiles(
  store: Store,
  run: RunRecord,
  isIncluded: (blob: Blob) => boolean = () => true,
): Promise<CrateFile[]> {
  const crate = new Crate(store, run, isIncluded);
  await crate.build();
  const bytes = new TextEncoder().encode(crate.metadata());
  return [...crate.files, { path: METADATA_FILE, bytes }];
}

export const METADATA_FILE = "ro-crate-metadata.json";

class Crate {
  readonly files: CrateFile[] = [];
  readonly #entities = new Map<string, Entity>();
  readonly #parts: Reference[] = [];
  readonly #workflowId: string;

  constructor(
    readonly store: Store,
    readonly run: RunRecord,
    readonly isIncluded: (blob: Blob) => boolean,
  ) {
    this.#workflowId = uri(baseName(run.workflow.file));
  }

  metadata(): string {
    const context = [
      "https://w3id.org/ro/crate/1.1/context",
      "https://w3id.org/ro/terms/workflow-run/context",
    ];
    return JSON.stringify(
      { "@context": context, "@graph": [...this.#entities.values()] },
      null,
      2,
    ) +
      "\n";
  }

  async build(): Promise<void> {
    this.#addSources();
    this.#addRunRecord();
    const published = await this.#addPublished();
    this.#addEngine();
    this.#addWorkflow();
    this.#addRun(published);
    this.#addRoot();
  }

  #add(entity: Entity): Reference {
    this.#entities.set(entity["@id"], entity);
    return { "@id": entity["@id"] };
  }

  #addFile(path: string, bytes: Uint8Array<ArrayBuffer>, about: Record<string, Json>): Reference {
    const problem = artifactPathProblem(path);
    if (problem) throw new DataError(`run ${this.run.id}`, `${JSON.stringify(path)} ${problem}`);
    this.files.push({ path, bytes });
    const reference = this.#add({
      "@id": uri(path),
      "@type": "File",
      name: baseName(path),
      contentSize: String(bytes.length),
      sha256: hexOf(digestOf(bytes)),
      ...about,
    });
    this.#parts.push(reference);
    return reference;
  }

  #addSources(): void {
    const { file, folder, sources } = this.run.workflow;
    for (const [path, text] of Object.entries(sources)) {
      const inside = path.startsWith(`${folder}/`) && path !== file;
      const name = inside ? path.slice(folder.length + 1) : baseName(path);
      this.#addFile(name, new TextEncoder().encode(text), { encodingFormat: "application/toml" });
    }
  }

  #addRunRecord(): void {
    const bytes = new TextEncoder().encode(JSON.stringify(this.run));
    this.#addFile("run.json", bytes, { encodingFormat: "application/json" });
  }

  /** Files of every published output, by instance. */
  async #addPublished(): Promise<Map<string, Reference[]>> {
    const published = new Map<string, Reference[]>();
    const entries = new Map(this.run.instances.map((entry) => [entry.name, entry]));
    for (const { path, isFile, instance, output, index } of this.run.publications) {
      const list = entries.get(instance)?.outputs?.[output];
      const ref = index === undefined ? list : list?.items?.[index];
      if (!ref) continue;
      try {
        const artifact = openArtifact(this.store, ref);
        const single = isFile && artifact.files.length === 1;
        for (const file of artifact.files) {
          if (!this.isIncluded(file)) continue;
          const to = `published/${single ? path : `${path}/${file.path}`}`;
          const reference = this.#addFile(to, await artifact.read(file.path), {});
          published.set(instance, [...published.get(instance) ?? [], reference]);
        }
      } catch (cause) {
        if (!(cause instanceof ObjectError)) throw cause;
        throw new DataError(path, "is no longer in the cache; run the workflow again", { cause });
      }
    }
    return published;
  }

  #addEngine(): void {
    this.#add({
      "@id": ENGINE,
      "@type": "SoftwareApplication",
      name: "Gyrus",
      softwareRequirements: `Deno ${this.run.versions.deno}`,
    });
    this.#add({ "@id": LANGUAGE, "@type": "ComputerLanguage", name: "Gyrus workflow (TOML)" });
  }

  #steps(): Map<string, InstanceEntry[]> {
    const steps = new Map<string, InstanceEntry[]>();
    for (const entry of this.run.instances) {
      steps.set(entry.step, [...steps.get(entry.step) ?? [], entry]);
    }
    return steps;
  }

  #addWorkflow(): void {
    const { name, description, params } = this.run.workflow;
    const steps: Reference[] = [];
    const tools = new Map<string, Reference>();
    for (const [step, [{ kind, version }]] of this.#steps()) {
      const tool = this.#add({
        "@id": fragment("tool", kind),
        "@type": "SoftwareApplication",
        name: kind,
        softwareVersion: String(version),
      });
      tools.set(kind, tool);
      steps.push(this.#add({
        "@id": fragment("step", step),
        "@type": "HowToStep",
        name: step,
        position: String(steps.length),
        workExample: tool,
      }));
    }
    this.#add({
      ...this.#entities.get(this.#workflowId)!,
      "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
      name,
      ...(description !== undefined && { description }),
      programmingLanguage: { "@id": LANGUAGE },
      input: Object.keys(params).map((param) => this.#formal("param", param, "PropertyValue")),
      output: this.run.publications.map(({ path }) => this.#formal("output", path, "File")),
      step: steps,
      hasPart: [...tools.values()],
    });
  }

  #formal(role: string, name: string, type: string): Reference {
    return this.#add({
      "@id": fragment(role, name),
      "@type": "FormalParameter",
      name,
      additionalType: type,
    });
  }

  #addRun(published: ReadonlyMap<string, Reference[]>): void {
    const { id, workflow, started, finished, status } = this.run;
    const controls: Reference[] = [];
    for (const [step, entries] of this.#steps()) {
      const actions = entries.filter(({ outcome }) => outcome !== "unwanted")
        .map((entry) => this.#addAction(entry, published.get(entry.name) ?? []));
      if (actions.length === 0) continue;
      controls.push(this.#add({
        "@id": identifier(`${id} control ${step}`),
        "@type": "ControlAction",
        name: `orchestrate ${step}`,
        instrument: { "@id": fragment("step", step) },
        object: actions,
      }));
    }
    const action = this.#add({
      "@id": identifier(id),
      "@type": "CreateAction",
      name: `Run ${id} of ${workflow.name}`,
      instrument: { "@id": this.#workflowId },
      object: Object.entries(workflow.params).map(([name, value]) =>
        this.#value(`${id} ${name}`, name, value, fragment("param", name))
      ),
      result: [...published.values()].flat(),
      startTime: started,
      ...(finished !== undefined && { endTime: finished }),
      ...this.#state(status === "done", `the run ended ${status}`),
    });
    this.#add({
      "@id": identifier(`${id} engine`),
      "@type": "OrganizeAction",
      name: "Run of Gyrus",
      instrument: { "@id": ENGINE },
      object: controls,
      result: action,
      startTime: started,
      ...(finished !== undefined && { endTime: finished }),
    });
  }

  #addAction(entry: InstanceEntry, published: readonly Reference[]): Reference {
    const { name, outcome, params } = entry;
    const inputs = Object.values(entry.inputs).flat().map(({ instance, output, index }) => {
      const ref = this.run.instances.find((other) => other.name === instance)?.outputs?.[output];
      return index === undefined ? ref : ref?.items?.[index];
    }).filter((ref) => ref !== undefined);
    const record = entry.key === undefined ? undefined : this.store.record(entry.key);
    const start = entry.started ?? record?.created;
    return this.#add({
      "@id": identifier(`${this.run.id} ${name}`),
      "@type": "CreateAction",
      name,
      ...(outcome === "cached" && {
        description: `found in the cache${
          entry.from === undefined ? "" : `, copied from ${entry.from}`
        }; times are of its making`,
      }),
      instrument: { "@id": fragment("tool", entry.kind) },
      object: [
        ...inputs.map((ref) => this.#artifact(ref.digest)),
        ...Object.entries(params).map(([key, value]) =>
          this.#value(`${this.run.id} ${name} ${key}`, key, value)
        ),
      ],
      result: [
        ...Object.values(entry.outputs ?? {}).map(({ digest }) => this.#artifact(digest)),
        ...published,
      ],
      ...(start !== undefined && { startTime: start }),
      ...(entry.finished !== undefined && { endTime: entry.finished }),
      ...this.#state(outcome === "cached" || outcome === "done", entry.message ?? outcome),
    });
  }

  /** An artifact that stays in the cache, by its digest. */
  #artifact(digest: string): Reference {
    return this.#add({
      "@id": fragment("artifact", digest),
      "@type": "CreativeWork",
      name: digest,
      identifier: digest,
    });
  }

  #value(seed: string, name: string, value: Json, formal?: string): Reference {
    return this.#add({
      "@id": identifier(`value ${seed}`),
      "@type": "PropertyValue",
      name,
      value: typeof value === "string" ? value : JSON.stringify(value),
      ...(formal !== undefined && { exampleOfWork: { "@id": formal } }),
    });
  }

  #state(good: boolean, problem: string): Record<string, Json> {
    return good
      ? { actionStatus: "http://schema.org/CompletedActionStatus" }
      : { actionStatus: "http://schema.org/FailedActionStatus", error: problem };
  }

  #addRoot(): void {
    const { name, description } = this.run.workflow;
    const conformsTo = PROFILES.map((profile) =>
      this.#add({
        "@id": `https://w3id.org/ro/wfrun/${profile}/${PROFILE_VERSION}`,
        "@type": "CreativeWork",
        name: `${profile[0].toUpperCase()}${profile.slice(1)} Run Crate`,
        version: PROFILE_VERSION,
      })
    );
    conformsTo.push(this.#add({
      "@id": WORKFLOW_CRATE,
      "@type": "CreativeWork",
      name: "Workflow RO-Crate",
      version: "1.0",
    }));
    this.#add({
      "@id": METADATA_FILE,
      "@type": "CreativeWork",
      about: { "@id": "./" },
      conformsTo: [{ "@id": "https://w3id.org/ro/crate/1.1" }, { "@id": WORKFLOW_CRATE }],
    });
    this.#add({
      "@id": "./",
      "@type": "Dataset",
      name: `Run of ${name}`,
      description: description ?? `Run ${this.run.id} of the workflow ${name}`,
      datePublished: this.run.finished ?? this.run.started,
      license: "not stated: add the licence under which you share this crate",
      hasPart: this.#parts,
      mainEntity: { "@id": this.#workflowId },
      mentions: [...this.#entities.values()]
        .filter((entity) => /Action$/.test(String(entity["@type"])))
        .map((entity) => ({ "@id": entity["@id"] })),
      conformsTo,
    });
  }
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** A relative URI. */
function uri(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

function fragment(role: string, name: string): string {
  return `#${role}-${encodeURIComponent(name)}`;
}

/** `#` and a UUID made from the digest of a text (version 8, RFC 9562), so that exports agree. */
function identifier(text: string): string {
  const hex = hexOf(digestOf(text));
  const variant = (8 + parseInt(hex[16], 16) % 4).toString(16);
  return `#${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${
    hex.slice(17, 20)
  }-${hex.slice(20, 32)}`;
}
