// @ts-check
/// <reference lib="dom" />

/**
 * Hears what changed, from the server that the page came from.
 *
 * @param {(changed: Partial<import("../data.ts").ReportData>) => void} update
 */
export function follow(update) {
  const state = /** @type {HTMLElement} */ (document.querySelector(".live"));
  const say = (/** @type {string} */ text, /** @type {boolean} */ good) => {
    state.textContent = text;
    state.classList.toggle("lost", !good);
  };
  const source = new EventSource("events");
  source.addEventListener("open", () => say("live", true));
  source.addEventListener("error", () => say("connection lost, trying again", false));
  source.addEventListener("change", (event) => update(JSON.parse(event.data)));
  source.addEventListener("end", () => {
    source.close();
    say("finished", true);
  });
}
