/** The live view: a run, or always the newest, served to browsers on this machine. */
import { isAlive, isRunId, listRuns, readRun, runPath } from "../engine/run/run_folder.ts";
import type { Store } from "../engine/store/store.ts";
import { ReportBuilder } from "./build.ts";
import type { PastRun, ReportData } from "./data.ts";
import { type Content, LocalServer } from "../pages/local_server.ts";
import { reportPage } from "./page.ts";

/** Least time between two reads of the run's files; milliseconds. */
const POLL_MS = 400;
/** Reading events and sending them take at most this fraction of the time. */
const MAX_LOAD = 0.2;

/** Runs that the page links to. */
const MAX_RUNS = 20;

type Sections = Map<string, string>;

/** Serves the report of a run. */
export class LiveView {
  readonly #builder: ReportBuilder;
  readonly #server: LocalServer;
  readonly #listeners = new Set<ReadableStreamDefaultController<Uint8Array>>();
  #data!: ReportData;
  #sections: Sections = new Map();
  #lastState = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  #run: string;

  private constructor(
    readonly store: Store,
    run: string,
    port: number,
    readonly newest: (() => string | undefined) | undefined,
  ) {
    this.#run = run;
    this.#builder = new ReportBuilder(store);
    this.#server = new LocalServer(port, (path, parameters) => this.#answer(path, parameters));
  }

  get url(): string {
    return this.#server.url;
  }

  /**
   * @param port 0 takes a free one
   * @param newest the run to show from now on, asked again and again; `run` for good when absent
   * @throws {DataError} when the port is in use
   */
  static async open(
    store: Store,
    run: string,
    port = 0,
    newest?: () => string | undefined,
  ): Promise<LiveView> {
    const view = new LiveView(store, run, port, newest);
    await view.#poll();
    return view;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const listener of this.#listeners) listener.close();
    this.#listeners.clear();
    await this.#server.close();
  }

  async #answer(path: string, parameters: URLSearchParams): Promise<Content | undefined> {
    if (path === "events") return this.#listen();
    if (path !== "") return undefined;
    const id = parameters.get("run");
    const page = id === null ? await reportPage(this.#data, true) : await this.#pageOf(id);
    return page === undefined ? undefined : { type: "text/html", body: page };
  }

  /** The report of another run as it is now; undefined when there is no such run. */
  async #pageOf(id: string): Promise<string | undefined> {
    const record = isRunId(id) ? readRun(this.store, id) : undefined;
    return record && await reportPage(await this.#builder.build(record));
  }

  #pastRuns(): PastRun[] {
    return listRuns(this.store).slice(0, MAX_RUNS).flatMap((id) => {
      const record = readRun(this.store, id);
      return record ? [{ id, workflow: record.workflow.name, status: record.status }] : [];
    });
  }

  #listen(): Content {
    let own: ReadableStreamDefaultController<Uint8Array>;
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        own = controller;
        this.#listeners.add(controller);
        // Whatever the page was made from, it now has what is true.
        controller.enqueue(message("change", `{${[...this.#sections.values()].join()}}`));
        if (this.#ended) controller.enqueue(message("end", "{}"));
      },
      cancel: () => {
        this.#listeners.delete(own);
      },
    });
    return { type: "text/event-stream", body: stream };
  }

  /** Whether nothing more can come. */
  get #ended(): boolean {
    return this.newest === undefined && this.#data.overview.status !== "running";
  }

  /** Reads new events, sends them, and repeats while the run goes on. */
  async #poll(): Promise<void> {
    const { files } = this.store;
    const started = performance.now();
    this.#run = this.newest?.() ?? this.#run;
    const folder = runPath(this.store, this.#run);
    const sizes = ["events.jsonl", "run.json"].map((name) => files.size(`${folder}/${name}`));
    const state = JSON.stringify([this.#run, ...sizes, isAlive(this.store, this.#run)]);
    const record = state === this.#lastState ? undefined : readRun(this.store, this.#run);
    if (record) {
      this.#lastState = state;
      this.#data = { ...await this.#builder.build(record), runs: this.#pastRuns() };
      this.#send();
    }
    if (this.#ended || this.#closed) return;
    const pause = Math.max(POLL_MS, (performance.now() - started) * (1 / MAX_LOAD - 1));
    this.#timer = setTimeout(() => this.#poll(), pause);
  }

  /** Sends the sections that changed. */
  #send(): void {
    const changed: string[] = [];
    for (const [name, section] of Object.entries(this.#data)) {
      const text = `${JSON.stringify(name)}:${JSON.stringify(section)}`;
      if (this.#sections.get(name) !== text) changed.push(text);
      this.#sections.set(name, text);
    }
    for (const listener of this.#listeners) {
      if (changed.length > 0) listener.enqueue(message("change", `{${changed.join()}}`));
      if (this.#ended) listener.enqueue(message("end", "{}"));
    }
  }
}

/** A server-sent event; JSON has no line ends of its own. */
function message(event: string, json: string): Uint8Array {
  return new TextEncoder().encode(`event: ${event}\ndata: ${json}\n\n`);
}
