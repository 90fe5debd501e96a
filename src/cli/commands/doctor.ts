import type { DeviceReport } from "../../device/doctor.ts";
import type { TunedTable } from "../../device/kernel_tables.ts";
import { openStoreForReading } from "../../engine/store/store.ts";
import type { Command } from "../command.ts";
import { ExitCode } from "../failure.ts";
import { CACHE_OPTIONS, FILE_ARGUMENT, findCache } from "../open.ts";
import { numberText, sizeText, tableText } from "../quantity.ts";

export default {
  file: FILE_ARGUMENT,
  arguments: [],
  options: { ...CACHE_OPTIONS, json: { help: "Print the report as JSON" } },
  details:
    `Prints the adapter that Gyrus computes on, whether it is a GPU or software on a processor, its limits,
the kernels that this cache has for it, and their throughput, measured in about two seconds. Without
an adapter it fails and names the command that installs one.`,
  async run(args, { out }) {
    const { openDevice } = await import("../../gpu/device.ts");
    const { useKernelTable } = await import("../../gpu/tuning.ts");
    const { readTunedTable } = await import("../../device/kernel_tables.ts");
    const { examineDevice } = await import("../../device/doctor.ts");
    const device = await openDevice();
    try {
      const [root, ...lower] = await findCache(args) ?? [];
      const tuned = root === undefined
        ? undefined
        : readTunedTable(openStoreForReading(root, lower), device.info);
      if (tuned) useKernelTable(device, tuned.kernels);
      const report = await examineDevice(device);
      if (args.has("json")) {
        out.block(JSON.stringify({ ...host(), ...report, tuned: tuned?.tuned }, undefined, 2));
      } else for (const line of reportLines(report, tuned)) out.line(line);
    } finally {
      device.destroy();
    }
    return ExitCode.done;
  },
} satisfies Command;

function host() {
  return {
    deno: Deno.version.deno,
    target: Deno.build.target,
    threads: navigator.hardwareConcurrency,
    memoryBytes: Deno.systemMemoryInfo().total,
  };
}

function reportLines(report: DeviceReport, tuned: TunedTable | undefined): string[] {
  const { adapter, software, features, limits, kernels, measured } = report;
  const { deno, target, threads, memoryBytes } = host();
  const lines = tableText([
    ["program", `Deno ${deno}, ${target}`],
    ["machine", `${threads} threads, ${sizeText(memoryBytes)} of memory`],
    ["adapter", adapter.description || adapter.device || adapter.vendor],
    [
      "class",
      software ? "software: computes on a processor, much slower than a GPU" : report.class,
    ],
    ["features", features.join(", ")],
  ]);
  const bound = Object.entries(limits).map(([name, value]) => [
    `  ${name}`,
    /Size$/.test(name) ? sizeText(value) : value.toLocaleString("en"),
  ]);
  const chosen = Object.entries(kernels).map(([name, value]) => [`  ${name}`, `${value}`]);
  const gemm = `${measured.gemmSize} x ${measured.gemmSize}`;
  return [
    ...lines,
    "",
    "limits",
    ...tableText(bound),
    "",
    `kernels: ${tuned ? `tuned ${tuned.tuned}` : `standard for ${report.class} adapters`}`,
    ...tableText(chosen),
    "",
    `measured by ${CLOCKS[measured.clock]}`,
    ...tableText([
      [`  matrix product, ${gemm}`, measuredText(measured.gemmTeraflops, 1000, "GFLOP/s")],
      ["  elementwise, read and written", measuredText(measured.copyGigabytes, 1, "GB/s")],
      ["  a dispatch", measuredText(measured.dispatchMicroseconds, 1, "µs")],
      ["  of it on the host", measuredText(measured.submitMicroseconds, 1, "µs")],
    ]),
  ];
}

const CLOCKS: Readonly<Record<DeviceReport["measured"]["clock"], string>> = {
  timestamps: "the device's clock",
  processor: "processor time, so for one core",
  elapsed: "elapsed time",
};

function measuredText(value: number | undefined, factor: number, unit: string): string {
  return value === undefined ? "too fast to measure" : `${numberText(value * factor)} ${unit}`;
}
