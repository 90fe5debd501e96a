/** Runs side by side: `gyrus runs` and `gyrus compare` on three runs of a step that guesses. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Project, steady } from "../project.ts";

/** Guesses the class of participants; of the first `right` of them rightly. */
const GUESS = `import { defineStep, z } from "gyrus";

export default defineStep({
  kind: "guess",
  version: 1,
  summary: "Guesses",
  params: z.object({
    right: z.int().describe("Participants who are guessed rightly"),
    n: z.int().default(12).describe("Participants"),
  }),
  inputs: {},
  outputs: { predictions: { type: "predictions", description: "The guesses" } },
  runs: "worker",
  run({ params: { right, n } }) {
    const rows = Array.from({ length: n }, (_, i) => {
      const truth = i % 2;
      const patient = (truth === 0) === (i < right) ? 0.8 - i / 100 : 0.2 + i / 100;
      const predicted = patient < 0.5 ? 1 : 0;
      return ["sub-" + i, "ses-M000", 0, truth, predicted, patient, 1 - patient].join("\\t");
    });
    const head = "participant_id session_id image_id true_label predicted_label proba0 proba1";
    const table = [head.replaceAll(" ", "\\t"), ...rows].join("\\n") + "\\n";
    const meta = {
      task: "classification", data_group: "test", split: null, mode: "image", output_size: 2,
      label: "diagnosis", label_code: { AD: 0, CN: 1 }, selection_metrics: ["BA"], leakage: "none",
    };
    return Promise.resolve({
      predictions: { meta, files: { "BA/image_level_prediction.tsv": table } },
    });
  },
});
`;

const WORKFLOW = `version = 1
name = "guessing"
publish = { "results/metrics.tsv" = "evaluate.table", "results/report.html" = "report" }

[steps.guess]
uses = "./guess.ts"
with.right = 6

[steps.evaluate]
uses = "evaluate"
in.predictions = "guess"
with.n_resamples = 200
`;

Deno.test("three runs are listed, chosen, sorted and compared", async (t) => {
  await using project = await Project.make("runs");
  await project.write("guess.ts", GUESS);
  await project.write("flow.toml", WORKFLOW);
  const ends: string[][] = [];
  for (const set of [["guess.right=6"], ["guess.right=11"], ["guess.right=8", "guess.n=10"]]) {
    const options = set.flatMap((value) => ["--set", value]);
    const { code, out, err } = await project.gyrus("run", "flow.toml", ...options);
    assertEquals([code, err], [0, ""]);
    ends.push(steady(out).trimEnd().split("\n").slice(-3));
  }
  const lines = async (...args: string[]) => {
    const { code, out, err } = await project.gyrus(...args);
    assertEquals([code, err], [0, ""]);
    return steady(out).trimEnd().split("\n").map((line) => line.replaceAll(/ +/g, " "));
  };

  await t.step("a run ends with its main result and how to open its report", () => {
    assertEquals(ends[1].map((line) => line.replace(/interval .*/, "interval …")), [
      "evaluate: BA 0.917, 95 % interval …",
      "wrote results/report.html",
      "open it: gyrus view flow.toml RUN",
    ]);
  });

  await t.step("runs lists what differs and the main result with its interval", async () => {
    const [head, ...rows] = await lines("runs");
    assertEquals(head, "run workflow status time guess.right guess.n result");
    assertEquals(rows.length, 3);
    assertEquals(
      rows.map((row) => row.replace(/\[.*\]/, "[…]")),
      [
        "RUN guessing done TIME 8 10 BA 0.800 […]",
        "RUN guessing done TIME 11 12 BA 0.917 […]",
        "RUN guessing done TIME 6 12 BA 0.500 […]",
      ],
    );
  });

  await t.step("--where, --sort and --columns choose", async () => {
    const chosen = ["--columns", "right,accuracy"];
    const numbers = async (...args: string[]) =>
      (await lines("runs", ...chosen, ...args)).slice(1).map((row) => row.split(" ")[0]);
    assertEquals(await numbers("--sort", "accuracy"), ["11", "8", "6"]);
    assertEquals(await numbers("--sort", "right"), ["6", "8", "11"]);
    assertEquals(await numbers("--sort=-right"), ["11", "8", "6"]);
    assertEquals(await numbers("--where", "n=12.0"), ["11", "6"]);
    assertEquals(await numbers("--where", "guess.n=12", "--where", "status=done"), ["11", "6"]);
    const unknown = await project.gyrus("runs", "--where", "rigt=6");
    assertEquals([unknown.code, unknown.err], [
      2,
      'error: --where rigt=6: no run has a parameter "rigt"; did you mean "right"?\n',
    ]);
    const none = await project.gyrus("runs", "--where", "right=7");
    assertEquals([none.code, none.out, none.err], [0, "", "no run matches\n"]);
  });

  await t.step("programs get tables and records", async () => {
    const { out } = await project.gyrus("runs", "--tsv", "--columns", "right,BA");
    assertEquals(out.split("\n")[0], "right\tBA\tBA_lower\tBA_upper");
    assertStringIncludes(out, "\n11\t0.91667\t");
    const json = await project.gyrus("runs", "--json");
    const [{ parameters, main, metrics, instances }] = JSON.parse(json.out);
    assertEquals(parameters, { "guess.right": "8", "guess.n": "10" });
    assertEquals(main, { metric: "BA", instance: "evaluate" });
    assertEquals([metrics.accuracy.value, instances.length], [0.8, 2]);
  });

  const { out } = await project.gyrus("runs", "--tsv", "--columns", "run", "--sort", "run");
  const [, first, second, third] = out.trimEnd().split("\n");

  await t.step("compare tests the same participants", async () => {
    const compared = await lines("compare", first, second);
    assertEquals(compared.slice(2, 7), [
      "",
      "parameter A B",
      "guess.right 6 11",
      "",
      "evaluate (test, image level, selected by BA)",
    ]);
    // Five of five discordant participants: 2 / 2^5.
    const accuracy = compared.filter((line) => line.startsWith("accuracy")).at(-1)!;
    assertEquals(
      accuracy.replace(/\[.*\]/, "[…]"),
      "accuracy 0.500 0.917 +0.417 […] McNemar 0.063 0.063",
    );
    assertStringIncludes(compared.join("\n"), "B − A on 12 participants, one prediction each");
  });

  await t.step("compare warns of other participants, and adjusts by Holm", async () => {
    const { code, out, err } = await project.gyrus("compare", first, second, third, "--tsv");
    assertEquals(code, 0);
    assertEquals(
      err.replaceAll(first, "FIRST").replaceAll(third, "THIRD"),
      "warning: C: the test sets differ: 10 participants in both, 2 in run FIRST alone, 0 in run " +
        "THIRD alone; the tests use those in both\n",
    );
    const [head, ...rows] = out.trimEnd().split("\n").map((line) => line.split("\t"));
    const mcnemar = rows.filter((row) => row.includes("McNemar"))
      .map((row) => ["participants", "p", "p_holm"].map((name) => row[head.indexOf(name)]));
    assertEquals(mcnemar, [["12", "0.0625", "0.125"], ["10", "0.5", "0.5"]]);
    const byFold = await project.gyrus("compare", first, second, "--tsv", "--folds");
    const scores = byFold.out.split("\n").filter((line) => line.includes("\taccuracy\t"))
      .map((line) => line.split("\t").slice(6, 9));
    assertEquals(
      scores,
      [first, second].flatMap((run, index) => {
        const value = ["0.5", "0.91667"][index];
        return [[run, "0", value], [run, "mean", value], [run, "sd", "n/a"], [
          run,
          "pooled",
          value,
        ]];
      }),
    );
    const twice = await project.gyrus("compare", first, first);
    assertEquals([twice.code, twice.err], [2, `error: run ${first} is named twice\n`]);
  });

  await t.step("compare tests groups of one run", async () => {
    await project.write(
      "groups.toml",
      WORKFLOW.replace(/publish.*\n/, "")
        .replace("with.right = 6", 'matrix.right = [6, 11]\nwith.right = "${matrix.right}"')
        .replace('"guess"\n', '"guess[*]"\nwith.group_by = ["right"]\n'),
    );
    const done = await project.gyrus("run", "groups.toml", "--quiet");
    assertEquals([done.code, done.err], [0, ""]);
    const [six, eleven] = ["latest:right=6", "latest:right=11"];
    const compared = await lines("compare", "groups.toml", six, eleven);
    assertEquals(compared.slice(2, 5), ["", "parameter A B", "group right=6 right=11"]);
    const accuracy = compared.filter((line) => line.startsWith("accuracy")).at(-1)!;
    assertEquals(
      accuracy.replace(/\[.*\]/, "[…]"),
      "accuracy 0.500 0.917 +0.417 […] McNemar 0.063 0.063",
    );
    const none = await project.gyrus("compare", "groups.toml", six, "latest:right=7");
    assertEquals(none.code, 1);
    assertStringIncludes(
      none.err,
      'it has no group "right=7"; it has evaluate: right=6; evaluate: right=11',
    );
    const mixed = await project.gyrus("compare", "groups.toml", six, "latest");
    assertEquals([mixed.code, mixed.err], [
      2,
      "error: a group is compared with a group; write RUN:GROUP for each\n",
    ]);
  });

  await t.step(
    "show leads from a published file to the instance and the run that made it",
    async () => {
      const shown = await lines("show", "results/metrics.tsv");
      assertEquals(shown, [
        "results/metrics.tsv = evaluate.table",
        " workflow flow.toml",
        " instance evaluate, evaluate",
        " run RUN, started WHEN",
        " more gyrus show RUN evaluate",
      ]);
      const { out } = await project.gyrus("show", "results/metrics.tsv");
      assertStringIncludes(out, third);
      assertEquals((await lines("show", "results/report.html"))[2], " run RUN, started WHEN");
      await project.write("results/metrics.tsv", "edited");
      assertEquals((await lines("show", "results"))[0], "results/metrics.tsv = evaluate.table");
      assertEquals(
        (await lines("show", "results/metrics.tsv"))[2],
        " changed since it was published",
      );
      const other = await project.gyrus("show", "guess.ts");
      assertEquals([other.code, other.err], [
        2,
        "error: no run in .gyrus published guess.ts; name the workflow FILE that did, or its cache by " +
        "--cache DIR\n",
      ]);
    },
  );
});
