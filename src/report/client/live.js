// @ts-check
/// <reference lib="dom" />

/**
 * Hears what changed, from the server that the page came from.
 *
 * @param {(changed: object) => void} update called with the sections that changed
 */
export function follow(update) {
  const state = /** @type {HTMLElement} */ (document.querySelector(".live"));
  const show = (/** @type {string} */ text, /** @type {boolean} */ good) => {
    state.textContent = text;
    state.classList.toggle("lost", !good);
  };
  const source = new EventSource(`events${location.search}`);
  source.addEventListener("open", () => show("live", true));
  source.addEventListener("error", () => show("connection lost, trying again", false));
  source.addEventListener("change", (event) => update(JSON.parse(event.data)));
  source.addEventListener("end", () => {
    source.close();
    show("finished", true);
  });
}
