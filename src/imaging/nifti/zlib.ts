/** Node's zlib, which takes 25 ms to load: a plan, which inflates nothing, does without. */
export function zlib() {
  return process.getBuiltinModule("node:zlib");
}
