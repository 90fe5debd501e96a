/** Joins the layers of a workflow file into one document, checking its shape on the way. */
import type { Place } from "../graph.ts";
import { isTable, type Layer, type Table } from "./load.ts";
import type { Problems } from "../problems.ts";
import { namePattern } from "../reference.ts";
import type { Json } from "../step.ts";
import { didYouMean } from "../suggest.ts";

/** A value and its place; no place when it came from the command line. */
export interface Located<T = Json> {
  value: T;
  place?: Place;
}

/** A value of `with`, of `[defaults]` or of `[params]`. */
export interface Setting extends Located {
  from: "include" | "params" | "defaults" | "step" | "set" | "sweep";
  /** Number of the layer that sets it; a higher one wins. */
  layer: number;
  /** From `[defaults]`: reaches every step that declares the parameter. */
  general: boolean;
}

/** A step as written, all layers joined. */
export interface StepTable {
  name: string;
  place: Place;
  uses?: Located & { folder: string };
  inputs: Map<string, Located>;
  /** In order of the layers; several for a parameter that several layers set. */
  settings: Map<string, Setting[]>;
  /** `matrix`, `exclude`, `include`, `needs` and the execution keys. */
  keys: Map<string, Located>;
  /** Fields of `resources`. */
  resources: Map<string, Located>;
}

/** A `[search.NAME]` as written, all layers joined. */
export interface SearchTable {
  /** All but `space`. */
  keys: Map<string, Located>;
  /** Domains by the address of the parameter. */
  space: Map<string, Located>;
  place: Place;
}

export interface Document {
  name?: string;
  description?: string;
  params: Map<string, Setting>;
  /** In order of the layers. */
  defaults: Map<string, Setting[]>;
  steps: Map<string, StepTable>;
  publish: Map<string, Located>;
  profiles: Map<string, Map<string, Located>>;
  searches: Map<string, SearchTable>;
}

const topKeys = [
  "version",
  "name",
  "description",
  "include",
  "params",
  "defaults",
  "steps",
  "publish",
  "profile",
  "search",
];

const stepKeys = [
  "uses",
  "in",
  "with",
  "matrix",
  "exclude",
  "include",
  "needs",
  "retry",
  "timeout",
  "resources",
  "cache",
  "device",
  "keep",
  "description",
];

/** The version of the file syntax that this reader knows. */
export const syntaxVersion = 1;

export function joinLayers(layers: readonly Layer[], problems: Problems): Document {
  const document: Document = {
    params: new Map(),
    defaults: new Map(),
    steps: new Map(),
    publish: new Map(),
    profiles: new Map(),
    searches: new Map(),
  };
  layers.forEach((layer, number) => new LayerReader(layer, number, problems).addTo(document));
  return document;
}

class LayerReader {
  constructor(
    readonly layer: Layer,
    readonly number: number,
    readonly problems: Problems,
  ) {}

  addTo(document: Document): void {
    const { table } = this.layer;
    this.rejectUnknown(table, [], topKeys, "a workflow file");
    this.checkVersion(table.version);
    document.name = this.text("name") ?? document.name;
    document.description = this.text("description") ?? document.description;
    for (const [name, value] of this.entries(table.params, ["params"])) {
      const place = this.place("params", name);
      this.checkName("parameter", name, place);
      document.params.set(name, this.setting(value, "params", place));
    }
    this.addDefaults(document);
    for (const [name, value] of this.entries(table.steps, ["steps"])) {
      this.addStep(document, name, value);
    }
    for (const [path, value] of this.entries(table.publish, ["publish"])) {
      document.publish.set(path, { value, place: this.place("publish", path) });
    }
    for (const [name, value] of this.entries(table.profile, ["profile"])) {
      const profile = document.profiles.get(name) ?? new Map<string, Located>();
      document.profiles.set(name, profile);
      for (const [key, setting] of this.entries(value, ["profile", name])) {
        profile.set(key, { value: setting, place: this.place("profile", name, key) });
      }
    }
    for (const [name, value] of this.entries(table.search, ["search"])) {
      this.addSearch(document, name, value);
    }
  }

  place(...keys: (string | number)[]): Place {
    return { file: this.layer.file, keys };
  }

  keyPlace(...keys: (string | number)[]): Place {
    return { file: this.layer.file, keys, part: "key" };
  }

  setting(value: Json, from: "params" | "defaults" | "step", place: Place): Setting {
    return {
      value,
      place,
      from: this.layer.main ? from : "include",
      layer: this.number,
      general: from === "defaults",
    };
  }

  /** The table's entries; a problem when it is something else. */
  entries(value: Json | undefined, keys: readonly string[]): [string, Json][] {
    if (value === undefined) return [];
    if (isTable(value)) return Object.entries(value);
    const name = keys.join(".");
    const isArray = Array.isArray(value) && value.length > 0 && value.every(isTable);
    this.problems.add(
      isArray ? `[[${name}]] makes a list, not a table` : `${name} must be a table`,
      isArray ? this.keyPlace(...keys) : this.place(...keys),
      isArray
        ? `write [${["steps", "profile", "search"].includes(name) ? `${name}.NAME` : name}]`
        : undefined,
    );
    return [];
  }

  rejectUnknown(table: Table, keys: readonly string[], known: readonly string[], of: string): void {
    for (const key of Object.keys(table)) {
      if (known.includes(key)) continue;
      this.problems.add(
        `unknown key "${key}" of ${of}`,
        this.keyPlace(...keys, key),
        didYouMean(key, known),
      );
    }
  }

  checkName(what: string, name: string, place: Place): void {
    if (namePattern.test(name)) return;
    this.problems.add(
      `"${name}" can't be the name of a ${what}`,
      { ...place, part: "key" },
      "use letters, digits, _ and -, with a letter first",
    );
  }

  checkVersion(version: Json | undefined): void {
    if (version === undefined) {
      if (this.layer.main) {
        this.problems.add("version is missing", this.place(), `write version = ${syntaxVersion}`);
      }
    } else if (version !== syntaxVersion) {
      this.problems.add(
        `version must be ${syntaxVersion}, not ${JSON.stringify(version)}`,
        this.place("version"),
        typeof version === "number" && version > syntaxVersion
          ? "this file needs a newer Gyrus"
          : undefined,
      );
    }
  }

  text(key: "name" | "description"): string | undefined {
    const value = this.layer.table[key];
    if (value === undefined || typeof value === "string" && value.trim() !== "") return value;
    this.problems.add(`${key} must be a text in quotes`, this.place(key));
  }

  addDefaults(document: Document): void {
    const { defaults } = this.layer.table;
    if (defaults === undefined || !isTable(defaults)) {
      this.entries(defaults, ["defaults"]);
      return;
    }
    this.rejectUnknown(defaults, ["defaults"], ["with"], "[defaults]");
    for (const [name, value] of this.entries(defaults.with, ["defaults", "with"])) {
      const setting = this.setting(value, "defaults", this.place("defaults", "with", name));
      append(document.defaults, name, setting);
    }
  }

  addStep(document: Document, name: string, table: Json): void {
    const place = this.keyPlace("steps", name);
    this.checkName("step", name, place);
    if (name === "params") {
      this.problems.add(
        '"params" can\'t be the name of a step',
        place,
        "--set params.x means the [params] table",
      );
    }
    if (!isTable(table)) {
      this.entries(table, ["steps", name]);
      return;
    }
    const step: StepTable = document.steps.get(name) ?? {
      name,
      place,
      inputs: new Map(),
      settings: new Map(),
      keys: new Map(),
      resources: new Map(),
    };
    document.steps.set(name, step);
    if (this.layer.main) step.place = place;
    this.rejectUnknown(table, ["steps", name], stepKeys, "a step");
    if (table.uses !== undefined) {
      const { folder } = this.layer;
      step.uses = { value: table.uses, place: this.place("steps", name, "uses"), folder };
    }
    for (const [port, value] of this.entries(table.in, ["steps", name, "in"])) {
      step.inputs.set(port, { value, place: this.place("steps", name, "in", port) });
    }
    for (const [parameter, value] of this.entries(table.with, ["steps", name, "with"])) {
      const at = this.place("steps", name, "with", parameter);
      append(step.settings, parameter, this.setting(value, "step", at));
    }
    for (const [field, value] of this.entries(table.resources, ["steps", name, "resources"])) {
      step.resources.set(field, { value, place: this.place("steps", name, "resources", field) });
    }
    for (const key of stepKeys) {
      if (["uses", "in", "with", "resources"].includes(key) || table[key] === undefined) continue;
      step.keys.set(key, { value: table[key], place: this.place("steps", name, key) });
    }
  }

  addSearch(document: Document, name: string, table: Json): void {
    const place = this.keyPlace("search", name);
    this.checkName("search", name, place);
    const search = document.searches.get(name) ?? { keys: new Map(), space: new Map(), place };
    document.searches.set(name, search);
    for (const [key, value] of this.entries(table, ["search", name])) {
      if (key !== "space") {
        search.keys.set(key, { value, place: this.place("search", name, key) });
        continue;
      }
      for (const [address, domain] of this.entries(value, ["search", name, key])) {
        search.space.set(address, {
          value: domain,
          place: this.place("search", name, key, address),
        });
      }
    }
  }
}

export function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
