/** Prints a run: live lines on a terminal, plain lines elsewhere. */
import type { EngineEvent } from "../engine/plan/events.ts";
import { reasonText } from "../engine/plan/reason.ts";
import { indentContinued, printableLine } from "../workflow/printable.ts";
import { shortPath } from "./failure.ts";
import { InstanceProgress } from "./progress.ts";
import { costText, fullDiskText } from "./cost.ts";
import { countText, cutText, durationText, sizeText } from "./quantity.ts";
import type { Output } from "./terminal.ts";

/** Shows events until it is closed. */
export interface Display {
  show(event: EngineEvent): void;
  close(): void;
}

type EventOf<Type extends EngineEvent["type"]> = Extract<EngineEvent, { type: Type }>;

interface Active {
  progress: InstanceProgress;
  /** Time of its last plain line. */
  printed: number;
}

/** Between two plain lines about one instance. */
const PLAIN_SECONDS = 10;
const REDRAW_MILLISECONDS = 100;
/** A live line has room for so many characters of an instance's name, and for a quarter of the row. */
const MIN_NAME = 16;
/** A narrower terminal has no room for bars. */
const BAR_COLUMNS = 80;
/** Disk that is worth a line before a run begins. */
const LARGE_BYTES = 2 ** 30;

/** What a display uses besides the events. */
export interface DisplayContext {
  /** Folder that published paths are relative to. */
  folder: string;
  /** The command that runs an instance again. */
  rerun(instance: string): string;
  /** Milliseconds; for tests. */
  now?: () => number;
}

/** A display for a terminal or a log. */
export function openDisplay(output: Output, context: DisplayContext): Display {
  return output.isTerminal ? new LiveDisplay(output, context) : new PlainDisplay(output, context);
}

abstract class RunDisplay implements Display {
  protected readonly active = new Map<string, Active>();
  protected total = 0;
  protected cached = 0;
  protected done = 0;
  protected failed = 0;
  protected started: number;
  protected estimateSeconds: number | undefined;
  /** Whether the estimate leaves out some of what will run. */
  protected estimateIsLeast = false;

  readonly now: () => number;

  constructor(readonly output: Output, readonly context: DisplayContext) {
    this.now = context.now ?? Date.now;
    this.started = this.now();
  }

  /** Prints a line that stays. */
  protected abstract line(text: string): void;
  /** Prints lines that stay. */
  protected abstract block(text: string): void;
  protected abstract progressed(instance: string, active: Active): void;
  protected changed(): void {}
  close(): void {}

  show(event: EngineEvent): void {
    switch (event.type) {
      case "run-started":
        // Whatever was shown so far ran while planning.
        this.active.clear();
        this.total = event.instances;
        this.estimateSeconds = event.estimateSeconds;
        this.estimateIsLeast = event.withoutEstimate.seconds > 0;
        this.#showDisk(event);
        break;
      case "instance-cached":
        this.cached++;
        break;
      case "instance-waiting":
        this.line(`${event.instance}: another run is computing it; waiting`);
        break;
      case "instance-started":
        this.#activate(event.instance, event.estimateSeconds);
        this.startedLine(event);
        break;
      case "instance-progress": {
        const active = this.active.get(event.instance) ?? this.#activate(event.instance);
        active.progress.update(event, this.now());
        this.progressed(event.instance, active);
        break;
      }
      case "instance-log":
        if (event.level === "warning") {
          this.line(
            `${event.instance}: ${this.output.paint("warning", "yellow")}: ${event.message}`,
          );
        }
        break;
      case "instance-retried":
        this.line(
          `${event.instance}: attempt ${event.attempt} failed (${event.message}); ` +
            `again in ${durationText(event.delaySeconds)}`,
        );
        break;
      case "instance-finished":
        this.active.delete(event.instance);
        this.done++;
        this.finishedLine(event);
        break;
      case "instance-failed":
        this.active.delete(event.instance);
        this.failed++;
        this.block(this.failureText(event));
        break;
      case "instance-interrupted":
        this.active.delete(event.instance);
        this.line(`${event.instance}: interrupted`);
        break;
      case "nondeterminism":
        this.line(
          `${event.instance}: ${this.output.paint("warning", "yellow")}: output ${event.output} ` +
            `differs from the result recorded under the same key; the recorded result remains`,
        );
        break;
      case "corruption":
        this.line(
          `${this.output.paint("warning", "yellow")}: ${event.what} ${event.name} is corrupt, ` +
            `see ${shortPath(event.path)}`,
        );
        break;
      case "shared-cache-lost":
        this.line(
          `${this.output.paint("warning", "yellow")}: ${event.address} ${event.message}; ` +
            `what it would have had is computed`,
        );
        break;
      case "shared-cache-read":
        this.line(
          `${countText(event.results, "result")} from ${event.address} (${sizeText(event.bytes)})`,
        );
        break;
      case "published":
        if (event.state === "written") this.line(`wrote ${this.published(event.path)}`);
        break;
      case "publish-failed":
        this.line(`${this.output.paint("error", "red")}: ${event.message}`);
        break;
      case "instance-skipped":
      case "run-finished":
        break;
    }
    this.changed();
  }

  #showDisk(event: EventOf<"run-started">): void {
    const { estimateDiskBytes: diskBytes, estimatePublishedBytes: publishedBytes } = event;
    if ((diskBytes ?? 0) + (publishedBytes ?? 0) >= LARGE_BYTES) {
      const { withoutEstimate, pending } = event;
      this.line(`needs ${costText({ diskBytes, publishedBytes, withoutEstimate }, pending)}`);
    }
    for (const disk of event.fullDisks ?? []) {
      this.line(`${this.output.paint("warning", "yellow")}: ${fullDiskText(disk)}`);
    }
  }

  /** Source steps report progress while planning, without having been started. */
  #activate(instance: string, estimateSeconds?: number): Active {
    const active = {
      progress: new InstanceProgress(this.now(), estimateSeconds),
      printed: this.now(),
    };
    this.active.set(instance, active);
    return active;
  }

  protected startedLine(_event: EventOf<"instance-started">): void {}

  protected finishedLine(event: EventOf<"instance-finished">): void {
    const unchanged = event.unchanged ? ", same bytes as before" : "";
    const facts = `${durationText(event.seconds)}, ${sizeText(event.bytes)}${unchanged}`;
    this.line(`${this.output.paint("done", "green")}  ${event.instance}  (${facts})`);
  }

  private published(path: string): string {
    return shortPath(`${this.context.folder}/${path}`);
  }

  private failureText(event: EventOf<"instance-failed">): string {
    const head = this.output.paint("FAILED", "red", "bold");
    const lines = [
      ...stackFrames(event.stack).map((frame) => `  ${frame}`),
      ...event.lastLines.map((line) => this.output.paint(`  | ${line}`, "dim")),
      `  log: ${shortPath(event.logPath)}`,
      ...(event.failedFolder === "" ? [] : [`  files: ${shortPath(event.failedFolder)}`]),
      `  again: ${this.context.rerun(event.instance)}`,
    ];
    const first = `${head}  ${event.instance}: ${event.message}`;
    return [indentContinued(first), ...lines.map(printableLine)].join("\n");
  }
}

/** Prints lines one after the other, for logs and pipes. */
class PlainDisplay extends RunDisplay {
  protected line(text: string): void {
    this.output.line(text);
  }

  protected block(text: string): void {
    this.output.block(text);
  }

  protected override startedLine(event: EventOf<"instance-started">): void {
    const why = event.reasons.map(reasonText).join(", ");
    this.line(`start ${event.instance}${why && `  (${why})`}`);
  }

  protected progressed(instance: string, active: Active): void {
    if (this.now() - active.printed < PLAIN_SECONDS * 1000) return;
    active.printed = this.now();
    const { progress } = active;
    this.line(
      [`  ... ${instance}`, progress.percent(), ...progress.details()]
        .filter((part) => part !== "").join("  "),
    );
  }
}

/**
 * Prints lines once; below them redraws the active instances and the totals. Each row is written over
 * the one before and its rest erased: erasing all rows at once would make tmux keep a copy of them.
 */
class LiveDisplay extends RunDisplay {
  #drawn: readonly string[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;

  protected line(text: string): void {
    this.block(indentContinued(text));
  }

  protected block(text: string): void {
    this.#write(text.split("\n"), this.#drawn);
  }

  protected progressed(): void {}

  protected override changed(): void {
    if (this.active.size > 0 && this.#timer === undefined) {
      this.#timer = setInterval(() => this.#draw(), REDRAW_MILLISECONDS);
      Deno.unrefTimer(this.#timer as unknown as number);
    }
  }

  override close(): void {
    if (this.#timer !== undefined) clearInterval(this.#timer);
    const blank = this.#drawn.map(() => "");
    if (blank.length === 0) return;
    this.#write([], blank);
    this.output.write(this.#up(blank.length));
    this.#drawn = [];
  }

  #draw(): void {
    const { columns, rows } = this.output;
    const fitting = Math.max(1, rows - 3);
    const shown = [...this.active].slice(0, fitting);
    const widest = Math.max(0, ...shown.map(([name]) => name.length));
    const names = Math.min(widest, Math.max(MIN_NAME, Math.floor(columns / 4)));
    const lines = shown.map(([name, active]) => this.#activeLine(name, active, names, columns));
    const hidden = this.active.size - lines.length;
    if (hidden > 0) lines.push(`and ${countText(hidden, "more instance")}`);
    lines.push(this.#totals());
    const cut = lines.map((line) => cutText(printableLine(line), columns - 1));
    if (cut.join("\n") !== this.#drawn.join("\n")) this.#write([], cut);
  }

  /** Writes lines that stay, and below them the live ones, over the live ones from before. */
  #write(lines: readonly string[], live: readonly string[]): void {
    const { columns } = this.output;
    // A line that was drawn before the window became narrower takes several rows now.
    const rows = this.#drawn.reduce(
      (sum, { length }) => sum + (Math.ceil(length / columns) || 1),
      0,
    );
    const text = [...lines, ...live].map((line) => `${line}${this.output.escape("[K")}\n`);
    const below = this.#drawn.length > 0 ? this.output.escape("[J") : "";
    this.output.write(this.#up(rows) + text.join("") + below);
    this.#drawn = live;
  }

  /** Moves the cursor up. */
  #up(rows: number): string {
    return rows > 0 ? this.output.escape(`[${rows}A`) : "";
  }

  #activeLine(name: string, { progress }: Active, names: number, columns: number): string {
    const bar = columns < BAR_COLUMNS ? 0 : Math.min(12, columns - 70);
    // What matters most comes first: a narrow terminal cuts the end.
    return [
      cutText(name, names).padEnd(names),
      progress.bar(this.now(), bar),
      ...progress.details(),
      progress.rate(),
    ].join("  ").trimEnd();
  }

  #totals(): string {
    const seconds = (this.now() - this.started) / 1000;
    const finished = this.cached + this.done + this.failed;
    // Until the run starts only source steps are at work.
    if (this.total === 0) return `planning · ${durationText(seconds)}`;
    const parts = [
      `${finished}/${this.total} instances`,
      `${this.cached} cached`,
      `${this.done} done`,
      ...(this.failed > 0 ? [`${this.failed} failed`] : []),
      durationText(seconds),
      ...(this.estimateSeconds !== undefined && this.estimateSeconds > seconds
        ? [
          `${this.estimateIsLeast ? "at least" : "about"} ${
            durationText(Math.max(1, this.estimateSeconds - seconds))
          } left`,
        ]
        : []),
    ];
    return parts.join(" · ");
  }
}

function stackFrames(stack: string | undefined): string[] {
  return (stack ?? "").split("\n").filter((line) => /^\s+at /.test(line)).map((line) =>
    line.trim()
  );
}
