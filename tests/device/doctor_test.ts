import { assert, assertEquals } from "@std/assert";
import { openDevice } from "../../src/gpu/device.ts";
import { kernelTable } from "../../src/gpu/tuning.ts";
import { examineDevice } from "../../src/device/doctor.ts";

Deno.test("examineDevice names the adapter and measures what it reaches", async () => {
  const device = await openDevice();
  const report = await examineDevice(device);
  assertEquals(report.software, device.class === "software");
  assertEquals(report.kernels, kernelTable(device));
  assert(report.limits.maxStorageBufferBindingSize >= 2 ** 27);
  const { gemmTeraflops, copyGigabytes, dispatchMicroseconds } = report.measured;
  // Far below any device that runs Gyrus, far above a measurement that went wrong.
  assertEquals(report.measured.clock, report.software ? "processor" : "timestamps");
  assert(gemmTeraflops && copyGigabytes && dispatchMicroseconds);
  assert(gemmTeraflops > 1e-3 && gemmTeraflops < 1e3, `${gemmTeraflops}`);
  assert(copyGigabytes > 0.05 && copyGigabytes < 1e5, `${copyGigabytes}`);
  assert(dispatchMicroseconds > 0.1 && dispatchMicroseconds < 1e5, `${dispatchMicroseconds}`);
  device.destroy();
});
