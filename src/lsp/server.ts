/**
 * A language server for workflow files: the checks of `gyrus check` while one types, completion, hover
 * and go-to-definition.
 *
 * Source of the protocol: Language Server Protocol 3.17.
 */
import * as lsp from "vscode-languageserver-protocol/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { type ReadOptions, readUtf8 } from "../workflow/read.ts";
import { complete, type Completion } from "./complete.ts";
import { definition } from "./definition.ts";
import { diagnose } from "./diagnose.ts";
import { type Editing, editingAt, type Kinds } from "./editing.ts";
import { hover } from "./hover.ts";
import type { Span } from "./outline.ts";

const COMPLETION_KINDS: Readonly<Record<Completion["kind"], lsp.CompletionItemKind>> = {
  key: lsp.CompletionItemKind.Property,
  value: lsp.CompletionItemKind.EnumMember,
  reference: lsp.CompletionItemKind.Reference,
  "step kind": lsp.CompletionItemKind.Class,
  variable: lsp.CompletionItemKind.Variable,
};

/** Milliseconds without a change after which a file is checked. */
const PAUSE = 150;

/**
 * Serves one editor until it closes the connection.
 *
 * @returns whether the editor ended it as the protocol demands, by `shutdown` and `exit`
 */
export function serve(
  connection: lsp.ProtocolConnection,
  kinds: Kinds,
  reading: Pick<ReadOptions, "kinds" | "resolveKind">,
): Promise<boolean> {
  const server = new Server(connection, kinds, reading);
  return server.run();
}

class Server {
  readonly #documents = new Map<string, TextDocument>();
  /** Files that show problems, by the document whose check found them. */
  readonly #shown = new Map<string, Set<string>>();
  readonly #waiting = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(
    readonly connection: lsp.ProtocolConnection,
    readonly kinds: Kinds,
    readonly reading: Pick<ReadOptions, "kinds" | "resolveKind">,
  ) {}

  run(): Promise<boolean> {
    const { connection } = this;
    let shutDown = false;
    connection.onRequest(lsp.InitializeRequest.type, (): lsp.InitializeResult => ({
      serverInfo: { name: "gyrus" },
      capabilities: {
        textDocumentSync: lsp.TextDocumentSyncKind.Full,
        completionProvider: { triggerCharacters: [".", '"', "{", "="] },
        hoverProvider: true,
        definitionProvider: true,
      },
    }));
    connection.onNotification(lsp.DidOpenTextDocumentNotification.type, ({ textDocument }) => {
      const { uri, languageId, version, text } = textDocument;
      this.#documents.set(uri, TextDocument.create(uri, languageId, version, text));
      this.#checkAll();
    });
    connection.onNotification(lsp.DidChangeTextDocumentNotification.type, (change) => {
      const document = this.#documents.get(change.textDocument.uri);
      if (document === undefined) return;
      TextDocument.update(document, change.contentChanges, change.textDocument.version);
      this.#checkAll();
    });
    connection.onNotification(lsp.DidCloseTextDocumentNotification.type, ({ textDocument }) => {
      this.#documents.delete(textDocument.uri);
      this.#show(textDocument.uri, new Map());
      this.#checkAll();
    });
    connection.onRequest(lsp.CompletionRequest.type, (params) => this.#at(params, this.#complete));
    connection.onRequest(lsp.HoverRequest.type, (params) => this.#at(params, this.#hover));
    connection.onRequest(
      lsp.DefinitionRequest.type,
      (params) => this.#at(params, this.#define),
    );
    connection.onRequest(lsp.ShutdownRequest.type, () => {
      shutDown = true;
    });
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const end = () => {
      for (const timer of this.#waiting.values()) clearTimeout(timer);
      this.#documents.clear();
      resolve(shutDown);
    };
    connection.onNotification(lsp.ExitNotification.type, end);
    connection.onClose(end);
    connection.listen();
    return promise;
  }

  /** Reads what the editor holds of a file, before what the disk has. */
  #readText = async (path: string, within?: readonly string[]): Promise<string> =>
    this.#documents.get(uriOf(path))?.getText() ?? await readUtf8(path, within);

  /** A change of one file can be a change of all that include it. */
  #checkAll(): void {
    for (const uri of this.#documents.keys()) {
      clearTimeout(this.#waiting.get(uri));
      this.#waiting.set(uri, setTimeout(() => this.#check(uri), PAUSE));
    }
  }

  async #check(uri: string): Promise<void> {
    const document = this.#documents.get(uri);
    if (document === undefined) return;
    const { version } = document;
    const problems = await diagnose(pathOf(uri), { ...this.reading, readText: this.#readText });
    const current = this.#documents.get(uri);
    if (current?.version !== version) return; // The check of the newer text follows.
    const shown = new Map([...problems].map(([path, list]) => [
      uriOf(path),
      list.map(({ message, line, column, length }): lsp.Diagnostic => ({
        message,
        source: "gyrus",
        severity: lsp.DiagnosticSeverity.Error,
        range: {
          start: { line, character: column },
          end: { line, character: column + length },
        },
      })),
    ]));
    this.#show(uri, shown);
  }

  /** Shows what a check found; what an earlier check of the same document showed elsewhere goes. */
  #show(checked: string, found: ReadonlyMap<string, lsp.Diagnostic[]>): void {
    const gone = [...this.#shown.get(checked) ?? []].filter((uri) => !found.has(uri));
    this.#shown.set(checked, new Set(found.keys()));
    for (const uri of gone) this.#publish(uri, []);
    for (const [uri, diagnostics] of found) {
      // A file that is open shows what its own check finds.
      if (uri === checked || !this.#documents.has(uri)) this.#publish(uri, diagnostics);
    }
  }

  #publish(uri: string, diagnostics: lsp.Diagnostic[]): void {
    this.connection.sendNotification(lsp.PublishDiagnosticsNotification.type, { uri, diagnostics });
  }

  /** Answers about a position of an open document. */
  async #at<T>(
    { textDocument, position }: lsp.TextDocumentPositionParams,
    answer: (editing: Editing, document: TextDocument) => Promise<T | null>,
  ): Promise<T | null> {
    const document = this.#documents.get(textDocument.uri);
    if (document === undefined) return null;
    const path = pathOf(textDocument.uri);
    const offset = document.offsetAt(position);
    const editing = await editingAt(path, offset, this.#readText, this.kinds);
    return editing ? await answer.call(this, editing, document) : null;
  }

  async #complete(editing: Editing, document: TextDocument): Promise<lsp.CompletionItem[]> {
    return (await complete(editing)).map((completion) => ({
      label: completion.label,
      kind: COMPLETION_KINDS[completion.kind],
      detail: completion.detail,
      documentation: completion.description,
      filterText: completion.insert,
      textEdit: { range: rangeOf(document, completion.span), newText: completion.insert },
    }));
  }

  async #hover(editing: Editing, document: TextDocument): Promise<lsp.Hover | null> {
    const found = await hover(editing);
    return found === undefined ? null : {
      contents: { kind: lsp.MarkupKind.Markdown, value: found.markdown },
      range: rangeOf(document, found.span),
    };
  }

  async #define(editing: Editing): Promise<lsp.Location | null> {
    const found = definition(editing);
    if (found === undefined) return null;
    const uri = uriOf(found.path);
    const text = found.span === undefined ? "" : await this.#readText(found.path);
    const document = TextDocument.create(uri, "toml", 0, text);
    return { uri, range: rangeOf(document, found.span ?? { start: 0, end: 0 }) };
  }
}

function rangeOf(document: TextDocument, { start, end }: Span): lsp.Range {
  return { start: document.positionAt(start), end: document.positionAt(end) };
}

function pathOf(uri: string): string {
  return decodeURIComponent(new URL(uri).pathname);
}

/** As editors write it: each part of the path is encoded. */
function uriOf(path: string): string {
  return `file://${path.split("/").map(encodeURIComponent).join("/")}`;
}
