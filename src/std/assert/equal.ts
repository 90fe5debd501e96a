/** Deep equality as `@std/assert` defines it. */

function sameClass(a: object, b: object): boolean {
  const plain = (value: object) => value.constructor === Object || !value.constructor;
  return a.constructor === b.constructor || (plain(a) && plain(b));
}

/**
 * Whether two values are equal at any depth. 0 equals -0 and NaN equals NaN; objects without a
 * prototype equal plain ones; a missing property differs from one that is undefined; the order of
 * keys, and of the members of sets and maps, does not matter. Cycles are understood.
 */
export function equal(actual: unknown, expected: unknown): boolean {
  const compared = new Map<object, object>();

  function compare(a: unknown, b: unknown): boolean {
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
    if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
    if (!sameClass(a, b)) return false;
    if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime());
    if (a instanceof RegExp || a instanceof URL) return String(a) === String(b);
    // A pair met again inside itself is a cycle.
    if (compared.get(a) === b) return true;
    compared.set(a, b);
    const same = compareContents(a, b);
    if (!same) compared.delete(a);
    return same;
  }

  function compareContents(a: object, b: object): boolean {
    if (ArrayBuffer.isView(a) && !(a instanceof DataView)) {
      return compareNumbers(a as Uint8Array, b as Uint8Array);
    }
    if (a instanceof ArrayBuffer) {
      return compareNumbers(new Uint8Array(a), new Uint8Array(b as ArrayBuffer));
    }
    if (a instanceof Map) return compareMembers([...a], [...(b as typeof a)]);
    if (a instanceof Set) return compareMembers([...a], [...(b as typeof a)]);
    return compareProperties(a, b);
  }

  function compareNumbers(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) {
      if (a[i] !== b[i] && !(Number.isNaN(a[i]) && Number.isNaN(b[i]))) return false;
    }
    return true;
  }

  function compareMembers(a: readonly unknown[], b: unknown[]): boolean {
    return a.length === b.length && a.every((member) => {
      const match = b.findIndex((other) => compare(member, other));
      if (match >= 0) b.splice(match, 1);
      return match >= 0;
    });
  }

  function compareProperties(a: object, b: object): boolean {
    const own = (value: object) =>
      Reflect.ownKeys(value).filter((key) =>
        Object.prototype.propertyIsEnumerable.call(value, key)
      );
    const keys = own(a);
    return keys.length === own(b).length &&
      (!(a instanceof Error) || a.message === (b as Error).message) &&
      keys.every((key) =>
        Object.hasOwn(b, key) && compare(Reflect.get(a, key), Reflect.get(b, key))
      );
  }

  return compare(actual, expected);
}
