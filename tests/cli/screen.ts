/** A terminal in memory that knows the sequences of the live display, and scrolls as tmux does. */
export class Screen {
  /** Lines that have left the screen at the top. */
  readonly scrollback: string[] = [];
  #lines: string[];
  #row = 0;
  #column = 0;

  constructor(readonly columns: number, readonly rows: number) {
    this.#lines = Array(rows).fill("");
  }

  /** What is visible, without empty lines at the end. */
  get text(): string {
    return this.#lines.join("\n").trimEnd();
  }

  write(text: string): void {
    for (const [piece, count, action] of text.matchAll(/\p{Cc}\[(\d*)([A-Za-z])|[^]/gu)) {
      if (action === "A") this.#row = Math.max(0, this.#row - Number(count || 1));
      else if (action === "K") this.#erase(this.#row, this.#column);
      else if (action === "J") this.#eraseBelow();
      else if (piece === "\n") this.#lineFeed();
      else if (action === undefined) this.#put(piece);
      else if (action !== "m") throw new Error(`unknown sequence ${JSON.stringify(piece)}`);
    }
  }

  #put(character: string): void {
    if (this.#column === this.columns) this.#lineFeed();
    const line = this.#lines[this.#row].padEnd(this.#column);
    this.#lines[this.#row] = line.slice(0, this.#column) + character + line.slice(this.#column + 1);
    this.#column++;
  }

  #lineFeed(): void {
    this.#column = 0;
    if (++this.#row < this.rows) return;
    this.#row = this.rows - 1;
    this.scrollback.push(this.#lines.shift()!);
    this.#lines.push("");
  }

  #erase(row: number, from: number): void {
    this.#lines[row] = this.#lines[row].slice(0, from);
  }

  /** From the first row on it erases everything, of which tmux keeps a copy. */
  #eraseBelow(): void {
    if (this.#row === 0 && this.#column === 0) {
      this.scrollback.push(...this.#lines.filter((line) => line !== ""));
    }
    this.#erase(this.#row, this.#column);
    for (let row = this.#row + 1; row < this.rows; row++) this.#erase(row, 0);
  }
}
