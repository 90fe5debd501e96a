import { assertEquals } from "@std/assert";
import { instanceName, knownAxisText, parseReference } from "../../src/workflow/reference.ts";

Deno.test("references combine step, axes, output and index", () => {
  const none = {
    output: undefined,
    index: undefined,
    all: false,
    fixed: new Map<string, string>(),
    collected: new Set<string>(),
  };
  assertEquals(parseReference("a"), { ...none, step: "a" });
  assertEquals(parseReference("a-b_1.out[3]"), { ...none, step: "a-b_1", output: "out", index: 3 });
  assertEquals(parseReference("a[2]"), { ...none, step: "a", index: 2 });
  assertEquals(parseReference("a[*].out"), { ...none, step: "a", output: "out", all: true });
  assertEquals(parseReference("a[x=1e-4, y=*].o"), {
    ...none,
    step: "a",
    output: "o",
    fixed: new Map([["x", "1e-4"]]),
    collected: new Set(["y"]),
  });
});

Deno.test("what is no reference is refused", () => {
  for (
    const text of ["", "1a", "a b", "a[", "a[]", "a[-1]", "a[x=1][x=2]", "a.b.c", "a[1][2]", "a]"]
  ) {
    assertEquals("problem" in parseReference(text), true, text);
  }
});

Deno.test("instances are named by their axes", () => {
  assertEquals(
    instanceName("train", { fold: 2, multi_network: true }),
    "train[fold=2,multi_network=true]",
  );
  assertEquals(instanceName("caps", {}), "caps");
  assertEquals(knownAxisText("1e-4", (text) => text === "0.0001"), "0.0001");
  assertEquals(knownAxisText("x", (text) => text === "y"), undefined);
});
