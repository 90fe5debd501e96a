/** What a run is expected to cost, in words. */
import type { FullDisk } from "../engine/plan/disk_space.ts";
import type { RunEstimate } from "../engine/plan/forecast.ts";
import { shortPath } from "./failure.ts";
import { countText, durationText, sizeText } from "./quantity.ts";

/**
 * `about 2:10, 3.4 MiB of disk`; where some of it is not known, `at least 2:10 (3 of 9 instances have
 * no estimate)`.
 *
 * @param pending instances that will or may run
 * @returns empty where nothing is known
 */
export function costText(
  { seconds, diskBytes, deviceBytes, publishedBytes, withoutEstimate }: RunEstimate,
  pending: number,
): string {
  const parts: string[] = [];
  let least: boolean | undefined;
  const add = (text: string, unknown: number, of?: number) => {
    const begin = least === unknown > 0 ? "" : unknown > 0 ? "at least " : "about ";
    least = unknown > 0;
    const counted = unknown > 0 && of !== undefined
      ? ` (${unknown} of ${countText(of, "instance")} ${
        unknown === 1 ? "has" : "have"
      } no estimate)`
      : "";
    parts.push(begin + text + counted);
  };
  if (seconds !== undefined) add(durationText(seconds), withoutEstimate.seconds, pending);
  if (diskBytes !== undefined) {
    add(`${sizeText(diskBytes)} of disk`, withoutEstimate.diskBytes, pending);
  }
  if (publishedBytes) {
    add(`${sizeText(publishedBytes)} to publish`, withoutEstimate.publishedBytes);
  }
  if (deviceBytes !== undefined) add(`${sizeText(deviceBytes)} of device memory`, 0);
  return parts.join(", ");
}

export function fullDiskText({ folder, needed, free }: FullDisk): string {
  return `the disk of ${shortPath(folder)} has ${sizeText(free)} free, ` +
    `less than the ${sizeText(needed)} that this run needs`;
}
