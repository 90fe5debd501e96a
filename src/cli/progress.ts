/** How far an instance is, how fast it goes and how long it will take, in words and a bar. */
import type { Progress } from "../workflow/step.ts";
import { durationText, numberText } from "./quantity.ts";

/** Widths of the percentage and the times next to the bar: `100 %`, `2:03:05`, `2:03:05 left`. */
const PERCENT_WIDTH = 5;
const TIME_WIDTH = 7;
const LEFT_WIDTH = 12;

export class InstanceProgress {
  #fraction: number | undefined;
  #message = "";
  #metrics: Readonly<Record<string, number>> = {};
  /** Time of the first and of the last fraction: work before it, such as compiling, does not count for the pace. */
  #first: { at: number; fraction: number } | undefined;
  #last = 0;

  /**
   * @param started milliseconds, as all times here
   * @param estimateSeconds what it took before
   */
  constructor(readonly started: number, readonly estimateSeconds: number | undefined) {}

  update({ fraction, message, metrics }: Progress, now: number): void {
    if (fraction !== undefined) {
      this.#fraction = fraction;
      this.#first ??= { at: now, fraction };
      this.#last = now;
    }
    this.#message = message ?? this.#message;
    this.#metrics = { ...this.#metrics, ...metrics };
  }

  /**
   * `████░░░░   40 %     20 s  1:10 left`: how much is done, for how long it has been running and,
   * by its pace or an earlier run, how long it still takes. Each part is as wide on every line.
   *
   * @param width of the bar; none for 0
   */
  bar(now: number, width: number): string {
    const seconds = (now - this.started) / 1000;
    const expected = this.estimateSeconds ? seconds / this.estimateSeconds : 0;
    const filled = Math.min(1, Math.max(0, this.#fraction ?? (expected < 1 ? expected : 0)));
    const cells = Math.round(filled * width);
    const left = this.#secondsLeft(now);
    return [
      ...(width > 0 ? ["█".repeat(cells) + "░".repeat(width - cells)] : []),
      this.percent().padStart(PERCENT_WIDTH),
      durationText(seconds).padStart(TIME_WIDTH),
      (left === undefined ? "" : `${durationText(left)} left`).padEnd(LEFT_WIDTH),
    ].join("  ");
  }

  percent(): string {
    return this.#fraction === undefined ? "" : `${Math.floor(this.#fraction * 100)} %`;
  }

  /** Message and metrics. */
  details(): string[] {
    const metrics = Object.entries(this.#metrics);
    return [
      ...(this.#message ? [this.#message] : []),
      ...metrics.map(([name, value]) => `${name} ${numberText(value)}`),
    ];
  }

  /** Of a message such as "epoch 3/20": seconds an epoch, or epochs a second. */
  rate(): string {
    const match = /^(\w+) \d+\/(\d+)/.exec(this.#message);
    const total = this.#totalSeconds();
    if (!match || !total) return "";
    const each = total / Number(match[2]);
    return each >= 1
      ? `${numberText(Number(each.toFixed(1)))} s/${match[1]}`
      : `${numberText(Number((1 / each).toFixed(1)))} ${match[1]}s/s`;
  }

  /** All of it, at the pace so far. */
  #totalSeconds(): number | undefined {
    const fraction = this.#fraction;
    if (!fraction || !this.#first) return undefined;
    const from = this.#first.fraction < fraction ? this.#first : { at: this.started, fraction: 0 };
    return (this.#last - from.at) / 1000 / (fraction - from.fraction);
  }

  /** By its pace, else by what it took before; at least a second, undefined once that is used up. */
  #secondsLeft(now: number): number | undefined {
    const total = this.#totalSeconds();
    const end = total === undefined
      ? this.estimateSeconds && this.started + this.estimateSeconds * 1000
      : this.#last + total * (1 - this.#fraction!) * 1000;
    return end !== undefined && end > now ? Math.max(1, (end - now) / 1000) : undefined;
  }
}
