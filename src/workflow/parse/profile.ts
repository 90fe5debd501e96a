/** `[profile.NAME]`: which cache to use, how many threads, and which scheduler runs the jobs. */
import type { Document } from "./document.ts";
import type { Profile } from "../graph.ts";
import type { Problems } from "../problems.ts";
import { didYouMean } from "../suggest.ts";
import { CLUSTER_KEYS, type ProfileEntries, readExecutor } from "./executor.ts";

const profileKeys = ["cache", "cache_token", "jobs", "executor", ...CLUSTER_KEYS];

/** Checks every profile and returns the chosen one. */
export function chooseProfile(
  document: Document,
  name: string | undefined,
  problems: Problems,
): Profile | undefined {
  const profiles = new Map<string, Profile>();
  for (const [profile, entries] of document.profiles) {
    profiles.set(profile, readProfileTable(profile, entries, problems));
  }
  if (name === undefined) return undefined;
  if (!profiles.has(name)) {
    const suggestion = didYouMean(name, profiles.keys());
    problems.add(`--profile ${name}: there is no [profile.${name}]`, undefined, suggestion);
  }
  return profiles.get(name);
}

function readProfileTable(name: string, entries: ProfileEntries, problems: Problems): Profile {
  for (const [key, { place }] of entries) {
    if (profileKeys.includes(key)) continue;
    const at = place && { ...place, part: "key" as const };
    problems.add(`unknown key "${key}" of a profile`, at, didYouMean(key, profileKeys));
  }
  const texts: Pick<Profile, "cache" | "cache_token"> = {};
  for (const key of ["cache", "cache_token"] as const) {
    const entry = entries.get(key);
    if (typeof entry?.value === "string" && entry.value !== "") texts[key] = entry.value;
    else if (entry) problems.add(`${key} must be a text in quotes`, entry.place);
  }
  const jobs = entries.get("jobs");
  const isCount = Number.isInteger(jobs?.value) && Number(jobs?.value) >= 1;
  if (jobs !== undefined && !isCount) {
    problems.add("jobs must be a whole number of at least 1", jobs.place);
  }
  const executor = readExecutor(name, entries, problems);
  return {
    ...texts,
    ...(isCount && { jobs: Number(jobs?.value) }),
    ...(executor && { executor }),
  };
}
