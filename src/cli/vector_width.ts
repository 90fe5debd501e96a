/**
 * The launcher's part of `gyrus tune` where the processor has AVX-512:
 *
 * - `list` prints the vector widths to measure; nothing for an adapter that has no choice of them
 * - `choose CURRENT tune ...` prints the fastest, and reports on stderr what that changes; nothing
 *   unless all have been measured. What follows are the arguments of `gyrus tune`.
 */
import {
  countResults,
  hasVectorWidth,
  rankVectorWidths,
  VECTOR_WIDTHS,
} from "../device/vector_width.ts";
import { openStoreForReading } from "../engine/store/store.ts";
import { describeAdapter } from "../gpu/device.ts";
import { resolve } from "../workflow/paths.ts";
import { parseArguments } from "./arguments.ts";
import tune from "./commands/tune.ts";
import { reportFailure } from "./failure.ts";
import { findCache } from "./open.ts";
import { countText, numberText } from "./quantity.ts";
import { standardTerminal } from "./terminal.ts";

const { out, err } = standardTerminal();

async function choose(current: number, args: readonly string[]): Promise<void> {
  const [root, ...lower] = await findCache(parseArguments(tune, args)) ?? [resolve(".gyrus")];
  const store = openStoreForReading(root, lower);
  const adapter = await describeAdapter();
  const ranked = rankVectorWidths(store, adapter, current);
  if (ranked.length < VECTOR_WIDTHS.length) return;
  const times = ranked.map(({ bits, milliseconds }) =>
    `${numberText(milliseconds)} ms with ${bits} bits`
  );
  const [{ bits }] = ranked;
  out.line(`${bits}`);
  if (bits === current) {
    err.line(`vectors of ${bits} bits remain: ${times.join(", ")}`);
    return;
  }
  err.line(`vectors of ${bits} bits from now on: ${times.join(", ")}`);
  const stale = countText(countResults(store, adapter, current), "result");
  err.line(`${stale} of this cache used ${current} bits; steps that need one compute it again`);
}

try {
  const [mode, current, , ...args] = Deno.args;
  if (mode === "choose") await choose(Number(current), args);
  else if (hasVectorWidth(await describeAdapter())) {
    for (const bits of VECTOR_WIDTHS) out.line(`${bits}`);
  }
} catch (error) {
  Deno.exitCode = await reportFailure(error, err);
}
