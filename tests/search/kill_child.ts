/**
 * A search to be killed. Arguments: its folder, and the keys of `[search.rates]`. Prints a line an epoch, then the
 * trials and the table.
 */
import { searchTables } from "../../src/search/tables.ts";
import { hooks, readToy, toySearch } from "./toy_search.ts";

const [folder, keys] = Deno.args;
const encoder = new TextEncoder();
const print = (text: string) => Deno.stdout.writeSync(encoder.encode(text + "\n"));

hooks.onEpoch = () => print("epoch");
const { trials } = await toySearch(folder, { keys });
const [search] = (await readToy(folder)).searches!;
print(`trials ${JSON.stringify(trials)}`);
print(`table ${JSON.stringify(searchTables(search, trials, [], undefined)["trials.tsv"])}`);
