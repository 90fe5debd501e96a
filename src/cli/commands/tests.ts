import { UsageError } from "../arguments.ts";
import type { Command } from "../command.ts";

export default {
  arguments: [],
  options: { full: { help: "Run the long forms of the proofs too" } },
  details: "Checks format, lint, types, documents and generated files, and runs every test.",
  run() {
    // The launcher starts the tests itself: they need more permissions than any command has.
    throw new UsageError(
      "only the launcher of a checkout runs the tests",
      "call ./gyrus test there",
    );
  },
} satisfies Command;
