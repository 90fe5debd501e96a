/** Expands `[publish]`: every matrixed output gets a path of its own, inside the project folder. */
import {
  Binder,
  bindingExtent,
  type Consumer,
  type Producer,
  resolveReference,
} from "./binding.ts";
import type { Document, Located } from "../parse/document.ts";
import type { Place, Publication } from "../graph.ts";
import type { Problems } from "../problems.ts";
import { parseReference } from "../reference.ts";
import type { OutputPort } from "../step.ts";
import { parseTemplate, type Scope } from "../declare/template.ts";
import { checkPublishedPaths, type PublishingProject } from "./publish_paths.ts";

/** In place of a reference: the HTML report of the run, which no step makes. */
const REPORT = "report";

export interface Published {
  publications: Publication[];
  /** Paths of the run's report. */
  reports: string[];
  /** Paths as written and as extended by the axes of a sweep. */
  renamed: Map<string, string>;
}

export function expandPublications(
  document: Document,
  producers: ReadonlyMap<string, Producer>,
  names: ReadonlySet<string>,
  scope: Scope,
  project: PublishingProject,
  swept: ReadonlySet<string>,
  fileTypes: ReadonlySet<string>,
  problems: Problems,
): Published {
  const publications: Publication[] = [];
  const reports: Publication[] = [];
  const renamed = new Map<string, string>();
  for (const [written, located] of document.publish) {
    if (typeof located.value !== "string" || located.value === "") {
      problems.add(`what goes to "${written}" must be a reference in quotes`, located.place);
      continue;
    }
    if (located.value === REPORT && !names.has(REPORT)) {
      const place: Place | undefined = located.place && { ...located.place, part: "key" };
      const binding = { instance: "run", output: REPORT };
      if (place) reports.push({ path: written, isFile: true, binding, place });
      continue;
    }
    const reference = parseTemplate(
      located.value,
      { params: scope.params },
      located.place,
      problems,
    );
    if (reference.faulty) continue;
    const text = String(reference.evaluate({}));
    const path = withSweptAxes(written, text, producers, swept);
    if (path !== written) renamed.set(written, path);
    const found = expandOne(path, text, located, producers, names, scope, fileTypes, problems);
    for (const publication of found) publications.push(publication);
  }
  checkPublishedPaths([...publications, ...reports], project, problems);
  return { publications, reports: reports.map(({ path }) => path), renamed };
}

const axisInPath = /\$\{\s*matrix\.([A-Za-z0-9_-]+)\s*\}/g;

function axesOf(path: string): Set<string> {
  return new Set([...path.matchAll(axisInPath)].map((match) => match[1]));
}

/** A sweep from the command line can't know the file's paths: it puts a folder before the last part. */
function withSweptAxes(
  path: string,
  text: string,
  producers: ReadonlyMap<string, Producer>,
  swept: ReadonlySet<string>,
): string {
  if (swept.size === 0) return path;
  const reference = parseReference(text);
  const producer = "problem" in reference ? undefined : producers.get(reference.step);
  if ("problem" in reference || producer === undefined) return path;
  const named = axesOf(path);
  const folders = producer.matrix.axes
    .filter((axis) => swept.has(axis) && !named.has(axis) && !reference.fixed.has(axis))
    .map((axis) => `${axis}=\${matrix.${axis}}/`);
  const slash = path.lastIndexOf("/") + 1;
  return path.slice(0, slash) + folders.join("") + path.slice(slash);
}

function expandOne(
  path: string,
  text: string,
  located: Located,
  producers: ReadonlyMap<string, Producer>,
  names: ReadonlySet<string>,
  scope: Scope,
  fileTypes: ReadonlySet<string>,
  problems: Problems,
): Publication[] {
  const { place } = located;
  if (place === undefined) return [];
  const keyPlace: Place = { ...place, part: "key" };
  const consumer: Consumer = {
    name: `the path "${path}"`,
    axes: [...axesOf(path)],
    place,
    freeAxis: ({ name, matrix }) => {
      const lacking = matrix.axes.filter((axis) => !axesOf(path).has(axis));
      return {
        message: `${name} has ${matrix.axes.length === 1 ? "the axis" : "the axes"} ` +
          `${matrix.axes.join(", ")}, but the path names ${
            lacking.length === matrix.axes.length ? "none" : `no ${lacking.join(", ")}`
          }`,
        suggestion: `write "${withAxes(path, lacking)}"`,
      };
    },
  };
  const resolved = resolveReference(text, consumer, producers, names, problems, { output: true });
  if (resolved === undefined) return [];
  if (resolved.collects) {
    problems.add(
      `"${text}" collects several artifacts, but a path takes a single one`,
      place,
      "name the axes in the path: ${matrix.AXIS}",
    );
    return [];
  }
  const { producer } = resolved;
  const inside: Scope = { ...scope, axes: producer.matrix.axes, step: producer.name };
  const template = parseTemplate(path, inside, keyPlace, problems);
  if (template.faulty) return [];
  const binder = new Binder(resolved, consumer, problems);
  const chosen = new Set<string>();
  const publications: Publication[] = [];
  for (const { axes } of producer.instances) {
    const [instance] = resolved.at(axes) ?? [];
    if (instance === undefined || chosen.has(instance.name)) continue;
    chosen.add(instance.name);
    problems.countExpanded(bindingExtent, keyPlace);
    const binding = binder.bindInstance(instance);
    if (binding === undefined) break;
    const port = producer.outputs(instance)?.[binding.output];
    publications.push({
      path: String(template.evaluate(instance.axes)),
      isFile: port !== undefined && isOneFile(port, binding.index, fileTypes),
      binding,
      place: keyPlace,
    });
  }
  return publications;
}

/** The type decides, never the path: `p-0.5` has a dot, and is a folder if `p-1` is one. */
function isOneFile(
  { type, list }: OutputPort,
  index: number | undefined,
  fileTypes: ReadonlySet<string>,
): boolean {
  if (index !== undefined) return list !== undefined && fileTypes.has(list);
  return list === undefined && fileTypes.has(type);
}

function withAxes(path: string, axes: readonly string[]): string {
  const slash = path.lastIndexOf("/") + 1;
  const folders = axes.map((axis) => `${axis}=\${matrix.${axis}}/`).join("");
  return path.slice(0, slash) + folders + path.slice(slash);
}
