// @ts-check
/// <reference lib="dom" />
/**
 * Puts the page together: a network that trains on the visitor's GPU, and slices that it sees.
 */
import { element } from "../../report/client/dom.js";
import { themeButton } from "../../report/client/theme.js";
import { generateSlices, SEED } from "../slices.ts";
import { adapterName, openBrowserDevice } from "./device.js";
import { slicesRow } from "./slices.js";
import { Training } from "./training.js";

const slices = generateSlices(SEED);

const status = element("p", { class: "quiet", role: "status" }, "Looking for a GPU");
const training = element(
  "section",
  { id: "training", "aria-label": "Training" },
  element("h1", {}, "A network trains in this browser"),
  element(
    "p",
    {},
    `Conv5_FC3 learns to tell people with Alzheimer's disease from healthy people by one slice of
     each head. It sees ${slices.training.length} slices and is tested on ${slices.heldOut.length}
     others. The heads are generated here, and nothing leaves this machine.`,
  ),
  status,
);

document.body.replaceChildren(
  element(
    "header",
    {},
    element(
      "nav",
      { "aria-label": "Sections" },
      element("a", { href: "#training" }, "Training"),
      element("a", { href: "#slices" }, "Slices"),
    ),
    themeButton(),
  ),
  element(
    "main",
    {},
    training,
    element(
      "section",
      { id: "slices", "aria-label": "Slices" },
      element("h2", {}, "Slices"),
      slicesRow(slices),
    ),
  ),
);

try {
  const device = await openBrowserDevice();
  status.textContent = `GPU: ${adapterName(device)}`;
  const shown = new Training(device);
  training.append(shown.root);
  shown.draw();
} catch (error) {
  status.className = "note";
  status.textContent = error instanceof Error ? error.message : String(error);
}
