import { assertEquals } from "@std/assert";
import { createNetwork } from "../../src/nn/networks/mod.ts";

Deno.test("the initial weights of a seed keep their bits", async () => {
  const digests = {
    resnet18: "c1dc6f6ec1ae01bf2235f7b9d534dcfc27d0d26eb7aeb8e29b9d5f238b393316",
    Conv4_FC3: "994128f3e9eae8e1a407c8af0840488c8ca9895bb3b63687f8ed260322eec9d4",
  };
  for (const [name, digest] of Object.entries(digests)) {
    const network = createNetwork(name as keyof typeof digests, [3, 64, 64], 2);
    const bytes = await crypto.subtle.digest("SHA-256", network.createInitialParameters(3));
    assertEquals(new Uint8Array(bytes).toHex(), digest, name);
  }
});
