import { assertEquals, assertThrows } from "@std/assert";
import { argumentsText, parseArguments, UsageError } from "../../src/cli/arguments.ts";

const signature = {
  arguments: [
    { name: "FILE", help: "A file" },
    { name: "TARGET", help: "Targets", optional: true, many: true },
  ],
  options: {
    set: { value: "ADDRESS=VALUE", many: true, help: "Set" },
    jobs: { value: "N", help: "Jobs" },
    quiet: { help: "Quiet" },
  },
};

Deno.test("options are read in both spellings, between and after arguments", () => {
  const given = parseArguments(signature, [
    "--set",
    "a.b=1",
    "file.toml",
    "--set=c.d=x=y",
    "train",
    "--quiet",
    "--jobs=2",
    "--",
    "--odd",
  ]);
  assertEquals(given.positionals, ["file.toml", "train", "--odd"]);
  assertEquals(given.values("set"), ["a.b=1", "c.d=x=y"]);
  assertEquals(given.count("jobs"), 2);
  assertEquals([given.has("quiet"), given.has("jobs"), given.value("quiet")], [true, true, ""]);
  assertEquals(given.count("other"), undefined);
});

Deno.test("wrong usage is explained", () => {
  const cases: [args: string[], message: string][] = [
    [[], "FILE is missing: A file"],
    [["f", "--jobs"], "--jobs needs a value: --jobs N"],
    [["f", "--jobs=1", "--jobs=2"], "--jobs is written twice"],
    [["f", "--quiet=yes"], "--quiet takes no value"],
    [["f", "--__proto__"], "unknown option --__proto__"],
    [["f", "-q"], "unknown option -q"],
  ];
  for (const [args, message] of cases) {
    const error = assertThrows(() => parseArguments(signature, args), UsageError);
    assertEquals(error.message, message);
  }
});

Deno.test("arguments are shown as they are written", () => {
  assertEquals(argumentsText(signature.arguments), "FILE [TARGET...]");
});
