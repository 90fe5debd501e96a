/**
 * The keys and values of a TOML text with their positions. A text that is being typed, which no parser
 * accepts, has an outline too: an unfinished key or value ends at its line.
 */

/** Offsets in UTF-16 units; `end` is exclusive. */
export interface Span {
  start: number;
  end: number;
}

/** A part of a key, or an element of a list. */
export interface Entry {
  /** Its address, such as `["steps", "train", "with", "epochs"]`; list elements by their index. */
  keys: readonly string[];
  /** Absent for list elements. */
  key?: Span;
  /** After `=`; blank where nothing is written yet. Absent for tables and parts of dotted keys. */
  value?: Span;
  /** The value between its quotes, when it is a string. */
  text?: { span: Span; content: string };
}

export interface Outline {
  text: string;
  entries: readonly Entry[];
  /** Inline tables and what follows a header, by where they end: the innermost comes first. */
  tables: readonly { keys: readonly string[]; span: Span }[];
  comments: readonly Span[];
}

/** What is written at a position. */
export type Cursor =
  /** A key, or the place of one: `entry` is absent where nothing is written. */
  | { at: "key"; table: readonly string[]; entry?: Entry & { key: Span } }
  | { at: "value"; entry: Entry & { value: Span } };

/** Undefined inside a comment. */
export function cursorAt(
  { entries, tables, comments }: Outline,
  offset: number,
): Cursor | undefined {
  const within = (span: Span | undefined) =>
    span !== undefined && span.start <= offset && offset <= span.end;
  if (comments.some((comment) => comment.start < offset && within(comment))) return undefined;
  for (const entry of entries) {
    const { keys, key } = entry;
    if (key && within(key)) {
      return { at: "key", table: keys.slice(0, -1), entry: { ...entry, key } };
    }
  }
  const table = tables.find(({ span }) => span.start <= offset && offset <= span.end);
  // The last that contains the position is the innermost: elements follow their list.
  const holder = entries.findLast(({ value }) => within(value));
  const inner = table && holder?.value && table.span.start > holder.value.start;
  if (holder?.value && !inner) return { at: "value", entry: { ...holder, value: holder.value } };
  return { at: "key", table: table?.keys ?? [] };
}

export function outlineOf(text: string): Outline {
  return new Scanner(text).scan();
}

const SPACES = /[ \t]*/y;
const BARE_KEY = /[A-Za-z0-9_-]*/y;
const BARE_VALUE = /[^,\]}#\r\n]*/y;
/** A line that can only be a table's header, so that a list above it is unfinished. */
const HEADER_LINE = /[ \t]*\[{1,2}[ \t]*[A-Za-z][^\]\n=,]*\]{1,2}[ \t]*(?:#.*)?\r?$/my;

class Scanner {
  #at = 0;
  readonly #entries: Entry[] = [];
  readonly #tables: { keys: readonly string[]; span: Span }[] = [];
  readonly #comments: Span[] = [];

  constructor(readonly text: string) {}

  scan(): Outline {
    let header: { keys: readonly string[]; start: number } = { keys: [], start: 0 };
    const endTable = () =>
      this.#tables.push({ keys: header.keys, span: { start: header.start, end: this.#at } });
    while (this.#skipBlank(), this.#at < this.text.length) {
      if (this.text[this.#at] === "[") {
        // The blank lines above a header belong to the table before it.
        endTable();
        while (this.text[this.#at] === "[") this.#at++;
        header = { keys: this.#keys([]).keys, start: this.#endOfLine() };
      } else {
        this.#pair(header.keys);
      }
      this.#skipLine();
    }
    endTable();
    return {
      text: this.text,
      entries: this.#entries,
      tables: this.#tables.sort((a, b) => a.span.end - a.span.start - (b.span.end - b.span.start)),
      comments: this.#comments,
    };
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }

  #endOfLine(): number {
    const end = this.text.indexOf("\n", this.#at);
    return end < 0 ? this.text.length : end;
  }

  #comment(): void {
    const end = this.#endOfLine();
    this.#comments.push({ start: this.#at, end });
    this.#at = end;
  }

  /** Spaces, line breaks and comments. */
  #skipBlank(): void {
    while (this.#at < this.text.length) {
      const character = this.text[this.#at];
      if (character === "#") this.#comment();
      else if (/\s/.test(character)) this.#at++;
      else return;
    }
  }

  /** What is left of a line; nothing valid but a comment. */
  #skipLine(): void {
    const end = this.#endOfLine();
    const comment = this.text.slice(this.#at, end).indexOf("#");
    if (comment >= 0) {
      this.#at += comment;
      this.#comment();
    }
    this.#at = Math.max(this.#at, end);
  }

  /** A dotted key; each of its parts is an entry. Returns the last one. */
  #keys(table: readonly string[]): Entry {
    let entry: Entry = { keys: table };
    do {
      this.#match(SPACES);
      const start = this.#at;
      const quoted = /["']/.test(this.text[start] ?? "");
      const name = quoted ? this.#string().content : this.#match(BARE_KEY);
      entry = { keys: [...entry.keys, name], key: { start, end: this.#at } };
      this.#entries.push(entry);
      this.#match(SPACES);
    } while (this.text[this.#at] === "." && ++this.#at);
    return entry;
  }

  #pair(table: readonly string[]): void {
    const entry = this.#keys(table);
    if (this.text[this.#at] !== "=") {
      const { start, end } = entry.key!;
      // Neither a key nor a value: what stands here is passed over.
      if (start === end && this.#at < this.#endOfLine()) this.#at++;
      return;
    }
    this.#at++;
    this.#value(entry);
  }

  /** Adds the value to the entry, and entries for what is inside it. */
  #value(entry: Entry): void {
    const before = this.#at;
    this.#match(SPACES);
    const start = this.#at;
    switch (this.text[start]) {
      case '"':
      case "'":
        entry.text = this.#string();
        break;
      case "{":
        this.#inlineTable(entry);
        break;
      case "[":
        this.#list(entry);
        break;
      default:
        this.#at = start + this.#match(BARE_VALUE).trimEnd().length;
    }
    entry.value = { start: this.#at === start ? before : start, end: this.#at };
  }

  #string(): { span: Span; content: string } {
    const quote = this.text[this.#at];
    const long = this.text.startsWith(quote.repeat(3), this.#at);
    const close = long ? quote.repeat(3) : quote;
    const start = this.#at + close.length;
    const limit = long ? this.text.length : this.#at + lineLength(this.text, this.#at);
    let end = start;
    while (end < limit && !this.text.startsWith(close, end)) {
      end += quote === '"' && this.text[end] === "\\" ? 2 : 1;
    }
    end = Math.min(end, limit);
    this.#at = this.text.startsWith(close, end) ? end + close.length : end;
    return { span: { start, end }, content: this.text.slice(start, end) };
  }

  /** Ends at its line, as TOML 1.0 has it. */
  #inlineTable({ keys }: Entry): void {
    const end = this.#endOfLine();
    const start = ++this.#at;
    while (this.#match(SPACES), this.#at < end) {
      const character = this.text[this.#at];
      if (character === "}" || character === "#") break;
      if (character === ",") this.#at++;
      else this.#pair(keys);
    }
    this.#tables.push({ keys, span: { start, end: this.#at } });
    if (this.text[this.#at] === "}") this.#at++;
  }

  #list({ keys }: Entry): void {
    this.#at++;
    for (let index = 0;;) {
      const before = this.#at;
      this.#skipBlank();
      if (this.text.slice(before, this.#at).includes("\n") && this.#atHeader()) {
        this.#at = before;
        return;
      }
      const character = this.text[this.#at];
      if (character === undefined) return;
      if (character === "]") {
        this.#at++;
        return;
      }
      if (character === ",") {
        this.#at++;
        continue;
      }
      const element: Entry = { keys: [...keys, String(index++)] };
      this.#entries.push(element);
      const start = this.#at;
      this.#value(element);
      if (this.#at === start) this.#at++;
    }
  }

  #atHeader(): boolean {
    HEADER_LINE.lastIndex = this.text.lastIndexOf("\n", this.#at) + 1;
    return HEADER_LINE.test(this.text);
  }
}

function lineLength(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return (end < 0 ? text.length : end) - from;
}
