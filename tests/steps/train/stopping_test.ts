import { assertEquals } from "@std/assert";
import { newHistory, updateStopping } from "../../../src/steps/train/trained_network.ts";

/** Index of the value after which training stops. */
function stopsAt(
  values: readonly number[],
  options: { stopping_metric?: "loss" | "BA" | "MCC"; tolerance?: number },
): number {
  const history = newHistory();
  const { stopping_metric = "loss" } = options;
  return values.findIndex((value) => {
    updateStopping(history, { [stopping_metric]: value }, {
      tolerance: 0,
      patience: 2,
      ...options,
    });
    return history.stopping.stopped;
  });
}

Deno.test("training stops by the loss, or by a metric of which more is better", () => {
  assertEquals(stopsAt([3, 2, 2.5, 1.9, 2, 2.1, 1], {}), 5);
  assertEquals(stopsAt([0.5, 0.6, 0.55, 0.7, 0.7, 0.6], { stopping_metric: "BA" }), 5);
  assertEquals(stopsAt([0.5, NaN, NaN, 0.9], { stopping_metric: "BA" }), 2);
});

Deno.test("the tolerance is relative to the best value, also to a negative one", () => {
  assertEquals(stopsAt([1, 0.95, 0.91, 0.5], { tolerance: 0.1 }), 2);
  assertEquals(stopsAt([0.5, 0.54, 0.56, 0.9], { stopping_metric: "BA", tolerance: 0.1 }), -1);
  assertEquals(stopsAt([-0.5, -0.46, -0.44, 0], { stopping_metric: "MCC", tolerance: 0.1 }), -1);
});
