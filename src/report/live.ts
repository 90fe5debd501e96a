/** The live view: the runs of a cache, served to browsers on this machine. */
import { isAlive, isRunId, listRuns, readRun, runPath } from "../engine/run/run_folder.ts";
import type { Store } from "../engine/store/store.ts";
import { type Content, LocalServer } from "../pages/local_server.ts";
import { ReportBuilder } from "./build.ts";
import { runStatus } from "./current_run.ts";
import type { ReportData } from "./data.ts";
import type { RunsData } from "./runs_data.ts";
import { reportedBytes } from "./detached_jobs.ts";
import { LivePage, type LiveSource } from "./live_page.ts";
import { reportPage, runsPage, searchPage } from "./page.ts";
import { listSearches, readSearch, searchFile, withRuns } from "./search/describe.ts";
import { type MainResults, runRows } from "./comparison/run_rows.ts";

/** Runs that a report links to. */
const MAX_RUNS = 20;

/** What the first page shows: the report of a run, asked again and again which; or the list of all runs. */
export type Shown = { run: () => string } | { runs: () => string[] };

/**
 * Serves the first page, the report of any run at `?run=ID`, its comparison with others at
 * `?run=ID&against=ID`, and the page of a search at `?search=NAME`.
 */
export class LiveView {
  readonly #builder: ReportBuilder;
  readonly #server: LocalServer;
  readonly #first: LivePage<ReportData> | LivePage<RunsData>;
  readonly #reports = new Map<string, LivePage<ReportData>>();

  /**
   * @param port 0 takes a free one
   * @throws {DataError} when the port is in use
   */
  constructor(readonly store: Store, readonly shown: Shown, port = 0) {
    this.#builder = new ReportBuilder(store);
    this.#first = "runs" in shown
      ? new LivePage(new RunsSource(store, shown.runs))
      : new LivePage(new ReportSource(this.#builder, shown.run, [], false));
    this.#server = new LocalServer(port, (path, parameters) => this.#answer(path, parameters));
  }

  get url(): string {
    return this.#server.url;
  }

  async close(): Promise<void> {
    for (const page of [this.#first, ...this.#reports.values()]) page.close();
    await this.#server.close();
  }

  async #answer(path: string, parameters: URLSearchParams): Promise<Content | undefined> {
    const search = parameters.get("search");
    if (search !== null) return path === "" ? await this.#search(search) : undefined;
    const page = this.#pageOf(parameters);
    if (page === undefined) return undefined;
    if (path === "events") return { type: "text/event-stream", body: await page.listen() };
    if (path !== "") return undefined;
    const data = await page.read();
    if (data === undefined) return undefined;
    const body = "graph" in data ? await reportPage(data, true) : await runsPage(data);
    return { type: "text/html", body };
  }

  /** Undefined when there is no such search. */
  async #search(name: string): Promise<Content | undefined> {
    const data = readSearch(this.store, name);
    if (data === undefined) return undefined;
    return { type: "text/html", body: await searchPage(withRuns(this.store, data, true)) };
  }

  /** Undefined when there is no such run. */
  #pageOf(parameters: URLSearchParams): LivePage<ReportData> | LivePage<RunsData> | undefined {
    const id = parameters.get("run");
    if (id === null) return this.#first;
    const against = parameters.getAll("against");
    const isKnown = (id: string) => isRunId(id) && readRun(this.store, id) !== undefined;
    if (![id, ...against].every(isKnown)) return undefined;
    const key = [id, ...against].join();
    const known = this.#reports.get(key);
    if (known) return known;
    for (const [key, page] of this.#reports) if (!page.isWatched) this.#reports.delete(key);
    const page = new LivePage(new ReportSource(this.#builder, () => id, against, true));
    this.#reports.set(key, page);
    return page;
  }
}

class ReportSource implements LiveSource<ReportData> {
  constructor(
    readonly builder: ReportBuilder,
    readonly run: () => string,
    readonly against: readonly string[],
    /** Whether it stays with its run; else another may come. */
    readonly stays: boolean,
  ) {}

  state(): string {
    const { store } = this.builder;
    const run = this.run();
    const folder = runPath(store, run);
    const sizes = ["events.jsonl", "run.json"].map((name) => store.files.size(`${folder}/${name}`));
    return JSON.stringify([run, ...sizes, isAlive(store, run), reportedBytes(store, run)]);
  }

  async build(): Promise<ReportData | undefined> {
    const { store } = this.builder;
    const record = readRun(store, this.run());
    if (record === undefined) return undefined;
    const others = this.against.map((id) => readRun(store, id));
    const report = await this.builder.build(record, others.filter((other) => other !== undefined));
    const runs = listRuns(store).slice(0, MAX_RUNS).flatMap((id) => {
      const past = readRun(store, id);
      return past ? [{ id, workflow: past.workflow.name, status: runStatus(store, past) }] : [];
    });
    return { ...report, runs };
  }

  hasEnded({ overview }: ReportData): boolean {
    return this.stays && overview.status !== "running";
  }
}

class RunsSource implements LiveSource<RunsData> {
  readonly #known: MainResults = new Map();

  constructor(readonly store: Store, readonly runs: () => string[]) {}

  state(): string {
    const { store } = this;
    return JSON.stringify([
      listSearches(store).map((name) => store.files.stat(searchFile(store, name))?.changed),
      this.runs().map((id) => {
        const { size, changed } = store.files.stat(`${runPath(store, id)}/run.json`) ?? {};
        return [id, size, changed, isAlive(store, id)];
      }),
    ]);
  }

  async build(): Promise<RunsData> {
    const records = this.runs().map((id) => readRun(this.store, id));
    const known = records.filter((record) => record !== undefined);
    return {
      list: await runRows(this.store, known, this.#known),
      searches: listSearches(this.store),
    };
  }

  hasEnded(): boolean {
    return false;
  }
}
