/**
 * A restricted unpickler: it knows the opcodes that PyTorch checkpoints use, and neither calls nor
 * imports anything. Classes and functions that a pickle names stay names; the caller's
 * {@link PickleMachine} decides what becomes of them.
 */
import { DataError } from "../errors.ts";
import { shorten } from "./describe_value.ts";

/** A class or function that the pickle names, such as `collections.OrderedDict`. */
export class PickleGlobal {
  constructor(readonly name: string) {}
}

/** A value of a pickle: dicts are Maps, lists arrays, tuples frozen arrays; `T` are the machine's. */
export type PickleValue<T> =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleGlobal
  | T
  | readonly PickleValue<T>[]
  | PickleDict<T>;

/** A dict, in the order of the pickle. */
export class PickleDict<T> extends Map<string | number, PickleValue<T>> {}

/**
 * The operations of a pickle beyond plain values.
 *
 * Every method throws a {@link DataError} for a global or value that it does not know.
 */
export interface PickleMachine<T> {
  /** Checks a class or function that the pickle names. */
  checkGlobal(global: string): void;
  /** Calls (REDUCE) or instantiates (NEWOBJ) a global. */
  construct(global: string, args: readonly PickleValue<T>[]): PickleValue<T>;
  /** Sets the state of a value (BUILD). @returns the value with its state */
  setState(value: PickleValue<T>, state: PickleValue<T>): PickleValue<T>;
  /** Finds an object outside of the pickle by its id (BINPERSID). */
  resolvePersistentId(id: PickleValue<T>): PickleValue<T>;
}

const MARK = Symbol("mark");
/** Characters of a function's name with its module. */
const MAX_GLOBAL = 200;

/**
 * Reads one pickle of protocol 2 to 5.
 *
 * @param start position of its first opcode
 * @param subject the file's name for errors
 * @returns the value, and the position after its STOP
 * @throws {DataError} when it is truncated, malformed, or needs an opcode that is not allowed
 */
export function unpickle<T>(
  bytes: Uint8Array,
  start: number,
  machine: PickleMachine<T>,
  subject: string,
): { value: PickleValue<T>; end: number } {
  return new Unpickler(bytes, start, machine, subject).run();
}

class Unpickler<T> {
  readonly #view: DataView;
  readonly #stack: (PickleValue<T> | typeof MARK)[] = [];
  readonly #memo: PickleValue<T>[] = [];
  #at: number;

  constructor(
    readonly bytes: Uint8Array,
    start: number,
    readonly machine: PickleMachine<T>,
    readonly subject: string,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
  }

  run(): { value: PickleValue<T>; end: number } {
    for (;;) {
      const opcode = this.#view.getUint8(this.#take(1));
      if (opcode === 0x2e) return { value: this.#pop(), end: this.#at };
      this.#execute(opcode);
    }
  }

  #execute(opcode: number): void {
    switch (opcode) {
      case 0x80: { // PROTO
        const protocol = this.#u8();
        if (protocol < 2 || protocol > 5) throw this.#fail(`it has protocol ${protocol}`);
        return;
      }
      case 0x95: // FRAME
        this.#take(8);
        return;
      case 0x28: // MARK
        this.#stack.push(MARK);
        return;
      case 0x30: // POP
        this.#pop();
        return;
      case 0x4e: // NONE
        return this.#push(null);
      case 0x88: // NEWTRUE
        return this.#push(true);
      case 0x89: // NEWFALSE
        return this.#push(false);
      case 0x4b: // BININT1
        return this.#push(this.#u8());
      case 0x4d: // BININT2
        return this.#push(this.#view.getUint16(this.#take(2), true));
      case 0x4a: // BININT
        return this.#push(this.#view.getInt32(this.#take(4), true));
      case 0x8a: // LONG1
        return this.#push(this.#long(this.#u8()));
      case 0x47: // BINFLOAT
        return this.#push(this.#view.getFloat64(this.#take(8), false));
      case 0x58: // BINUNICODE
        return this.#push(this.#text(this.#u32()));
      case 0x8c: // SHORT_BINUNICODE
        return this.#push(this.#text(this.#u8()));
      case 0x54: // BINSTRING, from Python 2
        return this.#push(this.#text(this.#u32()));
      case 0x55: // SHORT_BINSTRING, from Python 2
        return this.#push(this.#text(this.#u8()));
      case 0x42: // BINBYTES
        return this.#push(this.#slice(this.#u32()));
      case 0x43: // SHORT_BINBYTES
        return this.#push(this.#slice(this.#u8()));
      case 0x29: // EMPTY_TUPLE
        return this.#push(Object.freeze([]));
      case 0x85: // TUPLE1, TUPLE2, TUPLE3
      case 0x86:
      case 0x87:
        return this.#push(Object.freeze(this.#popMany(opcode - 0x84)));
      case 0x74: // TUPLE
        return this.#push(Object.freeze(this.#popToMark()));
      case 0x5d: // EMPTY_LIST
      case 0x8f: // EMPTY_SET
        return this.#push([]);
      case 0x61: // APPEND
        return this.#append([this.#pop()]);
      case 0x65: // APPENDS
        return this.#append(this.#popToMark());
      case 0x7d: // EMPTY_DICT
        return this.#push(new PickleDict<T>());
      case 0x73: // SETITEM
        return this.#setItems(this.#popMany(2));
      case 0x75: // SETITEMS
        return this.#setItems(this.#popToMark());
      case 0x71: // BINPUT
        return this.#memoize(this.#u8());
      case 0x72: // LONG_BINPUT
        return this.#memoize(this.#u32());
      case 0x94: // MEMOIZE
        return this.#memoize(this.#memo.length);
      case 0x68: // BINGET
        return this.#pushMemo(this.#u8());
      case 0x6a: // LONG_BINGET
        return this.#pushMemo(this.#u32());
      case 0x63: // GLOBAL
        return this.#push(this.#global(`${this.#line()}.${this.#line()}`));
      case 0x93: { // STACK_GLOBAL
        const [module, name] = this.#popMany(2);
        if (typeof module !== "string" || typeof name !== "string") {
          throw this.#fail("it names a function by something that is no text");
        }
        return this.#push(this.#global(`${module}.${name}`));
      }
      case 0x52: // REDUCE
      case 0x81: { // NEWOBJ
        const [global, args] = this.#popMany(2);
        if (!(global instanceof PickleGlobal) || !Array.isArray(args)) {
          throw this.#fail("it calls something that is not a named function");
        }
        return this.#push(this.machine.construct(global.name, args));
      }
      case 0x62: { // BUILD
        const [value, state] = this.#popMany(2);
        return this.#push(this.machine.setState(value, state));
      }
      case 0x51: // BINPERSID
        return this.#push(this.machine.resolvePersistentId(this.#pop()));
      default:
        throw this.#fail(
          `opcode 0x${opcode.toString(16).padStart(2, "0")} at byte ${this.#at - 1} is not allowed`,
        );
    }
  }

  #fail(problem: string): DataError {
    return new DataError(this.subject, `holds a pickle that cannot be read: ${problem}`);
  }

  /** Advances by `count` bytes. @returns the position before them */
  #take(count: number): number {
    const position = this.#at;
    if (position + count > this.bytes.length) throw this.#fail("it is truncated");
    this.#at += count;
    return position;
  }

  #u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  #u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  #slice(length: number): Uint8Array {
    const position = this.#take(length);
    return this.bytes.subarray(position, position + length);
  }

  #text(length: number): string {
    return new TextDecoder().decode(this.#slice(length));
  }

  #line(): string {
    const end = this.bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw this.#fail("it is truncated");
    const text = this.#text(end - this.#at);
    this.#at++;
    return text;
  }

  /** A little-endian integer in two's complement; a number where that is exact. */
  #long(length: number): number | bigint {
    let value = 0n;
    const digits = this.#slice(length);
    for (let i = length - 1; i >= 0; i--) value = value << 8n | BigInt(digits[i]);
    value = BigInt.asIntN(8 * length, value);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  #global(name: string): PickleGlobal {
    if (name.length > MAX_GLOBAL) throw this.#fail(`it names the function ${shorten(name)}`);
    this.machine.checkGlobal(name);
    return new PickleGlobal(name);
  }

  #push(value: PickleValue<T>): void {
    this.#stack.push(value);
  }

  #pop(): PickleValue<T> {
    const value = this.#stack.pop();
    if (value === undefined || value === MARK) throw this.#fail("its stack is empty");
    return value;
  }

  /** The topmost `count` values, in the order in which they were pushed. */
  #popMany(count: number): PickleValue<T>[] {
    const values = Array.from({ length: count }, () => this.#pop());
    return values.reverse();
  }

  #popToMark(): PickleValue<T>[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw this.#fail("a mark is missing");
    const values = this.#stack.splice(mark).slice(1);
    return values as PickleValue<T>[];
  }

  #top(): PickleValue<T> {
    const value = this.#pop();
    this.#push(value);
    return value;
  }

  #memoize(index: number): void {
    // Python numbers memo entries from 0 without gaps: a gap would only allocate a large array.
    if (index > this.#memo.length) throw this.#fail(`memo entry ${index} is out of order`);
    this.#memo[index] = this.#top();
  }

  #pushMemo(index: number): void {
    if (index >= this.#memo.length) throw this.#fail(`memo entry ${index} does not exist`);
    this.#push(this.#memo[index]);
  }

  #append(values: PickleValue<T>[]): void {
    const list = this.#top();
    if (!Array.isArray(list) || Object.isFrozen(list)) throw this.#fail("it appends to no list");
    for (const value of values) list.push(value);
  }

  #setItems(items: PickleValue<T>[]): void {
    const dict = this.#top();
    if (!(dict instanceof PickleDict)) throw this.#fail("it sets items of something not a dict");
    if (items.length % 2 !== 0) throw this.#fail("a key has no value");
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      if (typeof key !== "string" && typeof key !== "number") {
        throw this.#fail("a dictionary has a key that is neither text nor a whole number");
      }
      dict.set(key, items[i + 1]);
    }
  }
}
