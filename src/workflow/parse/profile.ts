/** `[profile.NAME]`: which cache to use, by which token, and how many threads. */
import type { Document } from "./document.ts";
import type { Profile } from "../graph.ts";
import type { Problems } from "../problems.ts";
import { didYouMean } from "../suggest.ts";

const profileKeys = ["cache", "cache_token", "jobs"];

/** Checks every profile and returns the chosen one. */
export function chooseProfile(
  document: Document,
  name: string | undefined,
  problems: Problems,
): Profile | undefined {
  const profiles = new Map<string, Profile>();
  for (const [profile, entries] of document.profiles) {
    const read: Profile = {};
    for (const [key, { value, place }] of entries) {
      if ((key === "cache" || key === "cache_token") && typeof value === "string" && value !== "") {
        read[key] = value;
      } else if (key === "jobs" && Number.isInteger(value) && Number(value) >= 1) {
        read.jobs = Number(value);
      } else if (profileKeys.includes(key)) {
        const rule = key === "jobs" ? "a whole number of at least 1" : "a text in quotes";
        problems.add(`${key} must be ${rule}`, place);
      } else {
        const at = place && { ...place, part: "key" as const };
        problems.add(`unknown key "${key}" of a profile`, at, didYouMean(key, profileKeys));
      }
    }
    profiles.set(profile, read);
  }
  if (name === undefined) return undefined;
  if (!profiles.has(name)) {
    const suggestion = didYouMean(name, profiles.keys());
    problems.add(`--profile ${name}: there is no [profile.${name}]`, undefined, suggestion);
  }
  return profiles.get(name);
}
