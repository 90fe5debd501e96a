/** A page that its server keeps up to date while somebody looks at it. */

/** Least time between two looks at the files; milliseconds. */
const POLL_MS = 400;
/** Reading and sending take at most this fraction of the time. */
const MAX_LOAD = 0.2;

export interface LiveSource<Data> {
  /** A text that changes when the data may have changed; asked again and again. */
  state(): string;
  /** Undefined where what it is made from is gone; the last data then stay. */
  build(): Promise<Data | undefined>;
  /** Whether nothing more can come. */
  hasEnded(data: Data): boolean;
}

/** Data by section; listeners get the sections that change, as server-sent events. */
export class LivePage<Data extends object> {
  readonly #listeners = new Set<ReadableStreamDefaultController<Uint8Array>>();
  readonly #sections = new Map<string, string>();
  #data: Data | undefined;
  #state: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #refreshing: Promise<void> | undefined;
  #isClosed = false;

  constructor(readonly source: LiveSource<Data>) {}

  get isWatched(): boolean {
    return this.#listeners.size > 0;
  }

  /** The data as they are now; undefined where there have been none. */
  async read(): Promise<Data | undefined> {
    await this.#refresh();
    return this.#data;
  }

  /** First everything, then what changes, then `end` when nothing more can come. */
  async listen(): Promise<ReadableStream<Uint8Array>> {
    await this.#refresh();
    let own: ReadableStreamDefaultController<Uint8Array>;
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        own = controller;
        this.#listeners.add(controller);
        controller.enqueue(message("change", `{${[...this.#sections.values()].join()}}`));
        if (this.#hasEnded) controller.enqueue(message("end", "{}"));
        else this.#timer ??= setTimeout(() => this.#poll(), POLL_MS);
      },
      cancel: () => {
        this.#listeners.delete(own);
      },
    });
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const listener of this.#listeners) listener.close();
    this.#listeners.clear();
  }

  get #hasEnded(): boolean {
    return this.#data === undefined || this.source.hasEnded(this.#data);
  }

  /** Repeats while somebody listens and something may come. */
  async #poll(): Promise<void> {
    const started = performance.now();
    await this.#refresh();
    this.#timer = undefined;
    if (this.#isClosed || !this.isWatched || this.#hasEnded) return;
    const pause = Math.max(POLL_MS, (performance.now() - started) * (1 / MAX_LOAD - 1));
    this.#timer = setTimeout(() => this.#poll(), pause);
  }

  #refresh(): Promise<void> {
    this.#refreshing ??= this.#update().finally(() => this.#refreshing = undefined);
    return this.#refreshing;
  }

  async #update(): Promise<void> {
    const state = this.source.state();
    if (state === this.#state) return;
    const data = await this.source.build();
    if (data === undefined) return;
    this.#data = data;
    this.#state = state;
    const changed: string[] = [];
    for (const [name, section] of Object.entries(data)) {
      const text = `${JSON.stringify(name)}:${JSON.stringify(section)}`;
      if (this.#sections.get(name) !== text) changed.push(text);
      this.#sections.set(name, text);
    }
    for (const listener of this.#listeners) {
      if (changed.length > 0) listener.enqueue(message("change", `{${changed.join()}}`));
      if (this.#hasEnded) listener.enqueue(message("end", "{}"));
    }
  }
}

/** A server-sent event; JSON has no line ends of its own. */
function message(event: string, json: string): Uint8Array {
  return new TextEncoder().encode(`event: ${event}\ndata: ${json}\n\n`);
}
