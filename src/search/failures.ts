/** Trials that failed, so that a search that is continued does not run them again. */
import { digestOf, hexOf } from "../engine/store/digest.ts";
import type { Store } from "../engine/store/store.ts";
import { isJsonObject, OWN_LIMITS, parseJson } from "../json.ts";
import { DataError } from "../errors.ts";

/** Reasons of failed instances by their keys, a file each; a corrupt one counts as absent. */
export class Failures {
  readonly #folder: string;

  /** @param retry whether known failures are ignored, so that they are tried again */
  constructor(readonly store: Store, readonly retry: boolean) {
    this.#folder = `${store.root}/searches/failures`;
  }

  reason(key: string): string | undefined {
    const bytes = this.retry ? undefined : this.store.files.readSync(this.#path(key));
    if (!bytes) return undefined;
    try {
      const failure = parseJson(new TextDecoder().decode(bytes), "a failed trial", OWN_LIMITS);
      const isKnown = isJsonObject(failure) && failure.key === key;
      return isKnown && typeof failure.reason === "string" ? failure.reason : undefined;
    } catch (error) {
      if (error instanceof DataError) return undefined;
      throw error;
    }
  }

  async record(key: string, reason: string): Promise<void> {
    if (!this.store.writable) return;
    this.store.files.makeFolder(this.#folder);
    await this.store.replaceFile(this.#path(key), JSON.stringify({ key, reason }) + "\n", true);
  }

  #path(key: string): string {
    return `${this.#folder}/${hexOf(digestOf(key))}.json`;
  }
}
