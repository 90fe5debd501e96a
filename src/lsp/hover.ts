/** What is written at the cursor, in Markdown. */
import { outputsFor } from "../workflow/describe/steps_text.ts";
import { parseReference } from "../workflow/reference.ts";
import type { StepKind } from "../workflow/step.ts";
import { detailOf } from "./complete.ts";
import type { Editing } from "./editing.ts";
import { keyHelp } from "./keys.ts";
import type { Span } from "./outline.ts";
import { isReference } from "./references.ts";
import type { WrittenStep } from "./workflow_sources.ts";

export interface Hover {
  markdown: string;
  span: Span;
}

export async function hover(
  { cursor, kind, step, steps, findKind }: Editing,
): Promise<Hover | undefined> {
  if (cursor.at === "key") {
    const { entry } = cursor;
    if (entry === undefined) return undefined;
    const isStep = entry.keys[0] === "steps" && entry.keys.length === 2;
    if (isStep) return kind && step && { markdown: kindText(kind, step), span: entry.key };
    const help = keyHelp(entry.keys, kind);
    if (help === undefined) return undefined;
    const head = help.isTable ? `**${help.name}**` : `**${help.name}**: ${detailOf(help)}`;
    return { markdown: `${head}\n\n${help.description}`, span: entry.key };
  }
  const { keys, text } = cursor.entry;
  if (text === undefined) return undefined;
  const { span, content } = text;
  if (keys[0] === "steps" && keys[2] === "uses" && kind && step) {
    return { markdown: kindText(kind, step), span };
  }
  if (!isReference(keys)) return undefined;
  const reference = parseReference(content);
  const producer = "problem" in reference ? undefined : steps.get(reference.step);
  const produced = producer && await findKind(producer.uses);
  return produced && { markdown: kindText(produced, producer), span };
}

function kindText(kind: StepKind, { params }: WrittenStep): string {
  const parts = [`**${kind.kind}**: ${kind.summary}`];
  if (kind.description) parts.push(kind.description.trim());
  const outputs = Object.entries(outputsFor(kind, params)).map(([name, { type, description }]) =>
    `- \`${name}\` (${type}): ${description}`
  );
  if (outputs.length > 0) parts.push(`Outputs:\n\n${outputs.join("\n")}`);
  return parts.join("\n\n");
}
