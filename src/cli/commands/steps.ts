import type { Command } from "../command.ts";
import { UsageError } from "../arguments.ts";
import { ExitCode } from "../failure.ts";
import { commandLine } from "../hint.ts";

export default {
  arguments: [{ name: "NAME", help: "Step kind, such as split.kfold", optional: true }],
  options: {},
  async run(args, { out }) {
    const { loadKinds } = await import("../../steps/mod.ts");
    const stepKinds = await loadKinds();
    const { stepsList, stepText } = await import("../../workflow/describe/steps_text.ts");
    const [name] = args.positionals;
    if (name === undefined) {
      out.block(stepsList(stepKinds));
      return ExitCode.done;
    }
    const kind = stepKinds.find((candidate) => candidate.kind === name);
    if (kind === undefined) {
      const { didYouMean } = await import("../../workflow/suggest.ts");
      throw new UsageError(
        `unknown step kind "${name}"`,
        didYouMean(name, stepKinds.map((candidate) => candidate.kind)) ??
          `${commandLine("steps")} lists them`,
      );
    }
    out.block(stepText(kind));
    return ExitCode.done;
  },
} satisfies Command;
