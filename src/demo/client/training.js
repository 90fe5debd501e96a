// @ts-check
/// <reference lib="dom" />
import { element } from "../../report/client/dom.js";
import { EPOCHS, Experiment } from "../experiment.ts";
import { Curves } from "./curves.js";
import { Facts } from "./facts.js";

/** Least milliseconds between two drawings of the curves. */
const DRAW_INTERVAL_MS = 100;

/** Decimals by which losses of two devices can be compared. */
const LOSS_DECIMALS = 6;

/** The training of the page: a button that starts and stops it, its numbers and its curves. */
export class Training {
  #device;
  /** @type {Experiment | undefined} */
  #experiment;
  /** @type {"stopped" | "running" | "stopping"} */
  #state = "stopped";
  #button = element("button", { type: "button", class: "start", click: () => this.#press() });
  #facts = new Facts("epoch", "first loss", "loss", "accuracy", "images per second");
  #curves = new Curves();
  #drawn = 0;
  root = element("div", {}, this.#button, this.#facts.root, this.#curves.root);

  /** @param {import("../../gpu/device.ts").Device} device */
  constructor(device) {
    this.#device = device;
    this.#enter("stopped");
  }

  /** Draws the empty curves; `root` must be in the page. */
  draw() {
    this.#curves.draw();
  }

  #press() {
    if (this.#state === "running") this.#enter("stopping");
    else if (this.#state === "stopped") this.#train();
  }

  /** @param {"stopped" | "running" | "stopping"} state */
  #enter(state) {
    this.#state = state;
    const start = this.#isFinished ? "Start again" : this.#experiment ? "Continue" : "Start";
    this.#button.textContent = state === "stopped" ? start : "Stop";
    this.#button.disabled = state === "stopping";
  }

  get #isFinished() {
    return this.#experiment !== undefined && this.#experiment.epoch === EPOCHS;
  }

  async #train() {
    this.#enter("running");
    try {
      const experiment = await this.#open();
      let images = 0, milliseconds = 0;
      while (this.#state === "running" && experiment.epoch < EPOCHS) {
        const trained = await experiment.trainBatches();
        images += trained.images;
        milliseconds += trained.milliseconds;
        this.#addLosses(trained.losses);
        this.#facts.show({ "images per second": (1000 * images / milliseconds).toFixed(0) });
        if (experiment.isBetweenEpochs) this.#addAccuracy(await experiment.measureAccuracy());
        this.#drawSometimes();
      }
      this.draw();
    } catch (error) {
      this.#fail(error);
    }
    this.#enter("stopped");
  }

  /** The training so far, or a new one. */
  async #open() {
    if (this.#experiment !== undefined && !this.#isFinished) return this.#experiment;
    this.#experiment?.destroy();
    this.#experiment = undefined;
    this.#curves.clear();
    this.#facts.show({ epoch: "drawing the slices" });
    // Two frames, so that the text is seen before slices are drawn.
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    this.#experiment = await Experiment.create(this.#device);
    this.#facts.show({ epoch: `0 of ${EPOCHS}` });
    return this.#experiment;
  }

  /** @param {number[]} losses of the next batches */
  #addLosses(losses) {
    const { xs, ys } = this.#curves.loss;
    if (xs.length === 0) this.#facts.show({ "first loss": losses[0].toFixed(LOSS_DECIMALS) });
    for (const loss of losses) {
      xs.push(xs.length + 1);
      ys.push(loss);
    }
    this.#facts.show({ loss: ys[ys.length - 1].toFixed(LOSS_DECIMALS) });
  }

  /** @param {number} accuracy after the next epoch */
  #addAccuracy(accuracy) {
    const { xs, ys } = this.#curves.accuracy;
    xs.push(xs.length + 1);
    ys.push(accuracy);
    this.#facts.show({
      epoch: `${xs.length} of ${EPOCHS}`,
      accuracy: `${(100 * accuracy).toFixed(1)} %`,
    });
  }

  #drawSometimes() {
    const now = performance.now();
    if (now - this.#drawn < DRAW_INTERVAL_MS) return;
    this.#drawn = now;
    this.draw();
  }

  /** @param {unknown} error */
  #fail(error) {
    const text = error instanceof Error ? error.message : String(error);
    this.#button.hidden = true;
    this.root.prepend(
      element("p", { class: "fault" }, `${text}. Reload the page to start again.`),
    );
  }
}
