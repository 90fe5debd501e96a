/**
 * What plans ask of the program, kept for later processes of the same program: digests of code, checks
 * of parameters, estimates. Answers of another program, or of one that may have been edited since it
 * was started, are neither used nor kept.
 */
import { canonicalJson } from "../engine/store/canonical.ts";
import { digestOf } from "../engine/store/digest.ts";
import type { PlanMemory } from "../engine/plan/plan_memory.ts";
import { DataError } from "../errors.ts";
import { exactJson, isJsonObject, OWN_LIMITS, parseJson } from "../json.ts";
import type { Digest, Json } from "../workflow/step.ts";
import { ALL_SOURCES, programStamp } from "./program_stamp.ts";

/** The text of a memory, one line of JSON. */
interface KeptAnswers {
  program: Digest;
  /** By digest of the question. */
  answers: Readonly<Record<Digest, Json>>;
}

export class ProgramMemory implements PlanMemory {
  /** Of an earlier process. */
  readonly #text: string;
  #earlier: ReadonlyMap<Digest, Json> | undefined;
  /** Used in this process, by canonical form of the question. */
  readonly #answers = new Map<string, { name: Digest; answer: Json }>();
  #stamp: { program: Digest | undefined } | undefined;
  #isChanged = false;

  /** @param text that an earlier process has kept; anything else counts as no text */
  constructor(text = "") {
    this.#text = text;
  }

  async ask<T extends Json>(question: Json, compute: () => Promise<T>): Promise<T> {
    const text = canonicalJson(question);
    const asked = this.#answers.get(text);
    if (asked) return asked.answer as T;
    this.#earlier ??= this.#readEarlier();
    const name = digestOf(text);
    const kept = this.#earlier.get(name);
    const answer = kept ?? await compute();
    if (kept === undefined) this.#isChanged = true;
    this.#answers.set(text, { name, answer });
    return answer as T;
  }

  /** Whether there is something new to keep. */
  get isChanged(): boolean {
    return this.#isChanged && this.#program !== undefined;
  }

  /** What a later process needs; empty where nothing can be kept. */
  toText(): string {
    const program = this.#program;
    if (program === undefined) return "";
    if (!this.#isChanged) return this.#text;
    const answers = Object.fromEntries(
      Array.from(this.#answers.values(), ({ name, answer }) => [name, answer]),
    );
    const kept: KeptAnswers = { program, answers };
    return exactJson(kept) ?? "";
  }

  get #program(): Digest | undefined {
    this.#stamp ??= { program: programStamp(ALL_SOURCES) };
    return this.#stamp.program;
  }

  #readEarlier(): ReadonlyMap<Digest, Json> {
    if (this.#text === "") return new Map();
    try {
      const kept = parseJson(this.#text, "the memory of plans", OWN_LIMITS);
      if (!isKept(kept) || kept.program !== this.#program) return new Map();
      return new Map(Object.entries(kept.answers));
    } catch (error) {
      if (error instanceof DataError) return new Map();
      throw error;
    }
  }
}

function isKept(value: unknown): value is KeptAnswers {
  return isJsonObject(value) && typeof value.program === "string" && isJsonObject(value.answers);
}
