import { openStore } from "../../engine/store/store.ts";
import type { KernelTable } from "../../gpu/tuning.ts";
import { resolve } from "../../workflow/paths.ts";
import type { Command } from "../command.ts";
import { ExitCode, shortPath } from "../failure.ts";
import { CACHE_OPTIONS, FILE_ARGUMENT, findCache } from "../open.ts";
import { numberText } from "../quantity.ts";

export default {
  file: FILE_ARGUMENT,
  arguments: [],
  options: {
    ...CACHE_OPTIONS,
    forget: { help: "Use the standard kernels and vector width again" },
  },
  details:
    `Measures variants of the convolution kernels on this machine's adapter and stores the fastest in the
cache, for every later run on it. On a processor with AVX-512 the launcher does so with vectors of 256
and of 512 bits and keeps the faster width for this model of processor, unless LP_NATIVE_VECTOR_WIDTH
sets one. Kernels and width are part of the key of what is computed with them: after a change, steps
that use the device run again. --forget restores the standard, and with it the earlier results.`,
  async run(args, { out }) {
    const { describeAdapter, openDevice } = await import("../../gpu/device.ts");
    const { forgetTunedTable, saveTunedTable } = await import("../../device/kernel_tables.ts");
    const [root, ...lower] = await findCache(args) ?? [resolve(".gyrus")];
    const store = openStore(root, { lower });
    if (args.has("forget")) {
      const forgotten = forgetTunedTable(store, await describeAdapter());
      out.line(forgotten ? "the standard kernels are back" : "nothing was tuned");
      return ExitCode.done;
    }
    const { tune } = await import("../../device/tune.ts");
    const { standardTable } = await import("../../gpu/tuning.ts");
    const device = await openDevice();
    try {
      out.line(device.summary);
      const standard = standardTable(device.info);
      const fastest = await tune(device, {
        onMeasured: ({ table, milliseconds }) =>
          out.line(`  ${numberText(milliseconds)} ms  ${differenceText(standard, table)}`),
      });
      if (fastest === undefined) {
        out.line("too fast to measure: the kernels remain as they were");
        return ExitCode.done;
      }
      await saveTunedTable(store, device.info, fastest);
      const difference = differenceText(standard, fastest.table);
      out.line(
        difference === "standard"
          ? "the standard kernels are the fastest"
          : `fastest: ${difference}; stored in ${shortPath(store.root)}`,
      );
    } finally {
      device.destroy();
    }
    return ExitCode.done;
  },
} satisfies Command;

/** `winograd false, directChannels 16`: what differs from the standard table. */
function differenceText(standard: KernelTable, table: KernelTable): string {
  const names = (Object.keys(standard) as (keyof KernelTable)[])
    .filter((name) => table[name] !== standard[name]);
  return names.length === 0 ? "standard" : names.map((name) => `${name} ${table[name]}`).join(", ");
}
