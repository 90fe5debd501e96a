/** Words of command lines that a user can copy into a shell. */

/** As a POSIX shell, or fish, reads it: quoted where it must be. */
export function shellWord(word: string): string {
  return /^[\w./=:,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
