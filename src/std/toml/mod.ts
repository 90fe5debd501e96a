/** `@std/toml`'s `parse` and `stringify`, over smol-toml. */
export { parse, stringify } from "smol-toml";
