/** Options of the commands by which results leave this machine. */
import type { Permit } from "../../engine/share/departure.ts";
import { type Arguments, type OptionSpec, UsageError } from "../arguments.ts";

export const PERMIT_OPTIONS: Readonly<Record<Permit, OptionSpec>> = {
  images: { help: "Let images, slices, attribution maps and pictures leave too" },
  participants: {
    help: "Let tables with a row a person, logs and names of participants leave too",
  },
};

/** What a call lets go besides what always may. */
export function permitsOf(args: Arguments): Set<Permit> {
  const permits: Permit[] = ["images", "participants"];
  return new Set(permits.filter((permit) => args.has(permit)));
}

export function noServer(): UsageError {
  return new UsageError(
    "the cache names no server",
    "add its address after the folders, as in --cache .gyrus,https://HOST/PATH",
  );
}
