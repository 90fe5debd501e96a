/** Collects every problem before one WorkflowError is thrown. */
import { type Issue, type Location, WorkflowError } from "../errors.ts";
import type { Place } from "./graph.ts";
import { isInside } from "./paths.ts";

export interface Problem {
  message: string;
  place?: Place;
  /** For problems that have a line but no address, such as TOML syntax. */
  location?: Location;
  suggestion?: string;
}

/** So many problems of one place are shown, such as one for each point of a matrix. */
const toldOfPlace = 5;

/** Reading stops at so many problems: to locate and show many more would take minutes. */
const most = 200;
/** Those that are only counted included. */
const mostOfPlace = 10_000;

/** Characters and items that the values of a file may expand to in all. */
const mostExpanded = 2 ** 26;

/** Ends the reading of a file; its problems are in {@link Problems}. */
export class ReadingStopped extends Error {}

export class Problems {
  readonly #list: Problem[] = [];
  #expanded = 0;
  readonly #seen = new Set<string>();
  readonly #byPlace = new Map<string, { place: Place; count: number }>();

  /** @param folder lines of files outside it are not shown; without one, of all files */
  constructor(readonly folder?: string) {}

  /**
   * Reports the same message about the same place only once.
   *
   * @throws {ReadingStopped} when there are too many
   */
  add(message: string, place?: Place, suggestion?: string): void {
    const where = place === undefined ? "" : JSON.stringify([place.file, place.keys]);
    const identity = where + message;
    if (this.#seen.has(identity)) return;
    this.#seen.add(identity);
    if (place !== undefined) {
      const counted = this.#byPlace.get(where) ?? { place, count: 0 };
      this.#byPlace.set(where, counted);
      if (++counted.count > mostOfPlace) {
        this.stop(`reading stopped after ${mostOfPlace} problems of one place`, place);
      }
      if (counted.count > toldOfPlace) return;
    }
    this.#list.push({ message, place, suggestion });
    if (this.#list.length >= most) this.stop(`reading stopped after ${most} problems`);
  }

  /** @throws {ReadingStopped} after reporting why nothing more is read */
  stop(message: string, place?: Place, suggestion?: string): never {
    this.#list.push({ message, place, suggestion });
    throw new ReadingStopped(message);
  }

  /**
   * Counts what values expand to: references to references double it with each line.
   *
   * @throws {ReadingStopped} when it is more than a file may expand to
   */
  countExpanded(size: number, place: Place | undefined): void {
    this.#expanded += size;
    if (this.#expanded <= mostExpanded) return;
    this.stop(`the values of this file expand to more than ${mostExpanded} characters`, place);
  }

  addAt(message: string, location: Location, suggestion?: string): void {
    this.#list.push({ message, location, suggestion });
  }

  /** Keeps the issues of an error that came from further down. */
  addIssues(issues: readonly Issue[], place?: Place): void {
    for (const { message, location, suggestion } of issues) {
      if (location) this.addAt(message, location, suggestion);
      else this.add(message, place, suggestion);
    }
  }

  /** @throws {WorkflowError} when anything was added: located, in the order of the files */
  async throwIfAny(sources: ReadonlyMap<string, string>): Promise<void> {
    if (this.#list.length === 0) return;
    for (const { place, count } of this.#byPlace.values()) {
      if (count <= toldOfPlace) continue;
      this.#list.push({ message: `and ${count - toldOfPlace} more like these`, place });
    }
    const { locatePlace } = await import("./parse/positions.ts");
    const issues = this.#list.map(({ message, place, location, suggestion }): Issue => ({
      message,
      location: this.#shown(location ?? (place && locatePlace(sources, place))),
      suggestion,
    }));
    const files = [...sources.keys()];
    const rank = ({ location }: Issue) => location ? files.indexOf(location.file) : -1;
    issues.sort((a, b) =>
      rank(a) - rank(b) ||
      (a.location?.line ?? 0) - (b.location?.line ?? 0) ||
      (a.location?.column ?? 0) - (b.location?.column ?? 0)
    );
    throw new WorkflowError(issues);
  }

  /** Without the line of a file that is not the project's. */
  #shown(location: Location | undefined): Location | undefined {
    if (location === undefined || this.folder === undefined) return location;
    return isInside(this.folder, location.file) ? location : { ...location, excerpt: undefined };
  }
}
