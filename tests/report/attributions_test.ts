import { assert, assertEquals } from "@std/assert";
import { encode } from "fast-png";
import { attributionSheets } from "../../src/report/attributions.ts";
import { MadeRun } from "./made_run.ts";

const PNG = encode({ width: 2, height: 2, channels: 1, depth: 8, data: new Uint8Array(4) });

function interpreted(files: Record<string, Uint8Array | string>) {
  return {
    kind: "interpret.gradcam",
    outputs: { attribution: { type: "attribution", draft: { files } } },
  };
}

Deno.test("maps of groups come before those of participants, and other files are left out", async () => {
  const names = ["a/sub-1_map.png", "a/mean_map.png", "a/mean_map.safetensors", "a/sub-2_map.png"];
  const files = Object.fromEntries(names.map((name) => [name, PNG]));
  await using run = await MadeRun.make({ maps: interpreted(files), other: { kind: "maps" } });
  const sheets = await attributionSheets(run.artifacts);
  assertEquals(sheets.map(({ instance, figures, more }) => [instance, figures.length, more]), [
    ["maps", 3, 0],
  ]);
  assertEquals(sheets[0].figures.map(({ path }) => path), [
    "a/mean_map.png",
    "a/sub-1_map.png",
    "a/sub-2_map.png",
  ]);
  assert(sheets[0].figures.every(({ image }) => image.startsWith("data:image/png;base64,")));
});

Deno.test("eight pictures an instance are shown, the rest is counted", async () => {
  const files = Object.fromEntries(
    Array.from({ length: 11 }, (_, n) => [`sub-${n}_map.png`, PNG]),
  );
  await using run = await MadeRun.make({ maps: interpreted(files) });
  const [{ figures, more }] = await attributionSheets(run.artifacts);
  assertEquals([figures.length, more], [8, 3]);
});
