/** An editor that talks to the language server through the protocol. */
import { Readable, Writable } from "node:stream";
import * as lsp from "vscode-languageserver-protocol/node";
import { TextDocument } from "vscode-languageserver-textdocument";

export interface Editor {
  /** Opens a file; `|` marks the cursor for the requests below and is no part of the text. */
  open(path: string, marked: string): void;
  change(path: string, marked: string): void;
  /** Messages with their lines, from 1, once the server has checked the file. */
  problems(path: string): Promise<string[]>;
  complete(path: string): Promise<lsp.CompletionItem[]>;
  /** The text after the completion of that label was accepted. */
  accept(path: string, label: string): Promise<string>;
  hover(path: string): Promise<string>;
  /** `path:line` of the definition. */
  definition(path: string): Promise<string | undefined>;
  close(): Promise<void>;
}

/** Returns the connection, and `end`, which closes it and returns what the child wrote to stderr. */
export function connectChild(child: Deno.ChildProcess) {
  const input = Writable.fromWeb(child.stdin);
  const output = Readable.fromWeb(child.stdout);
  const connection = lsp.createProtocolConnection(output, input);
  const errors = new Response(child.stderr).text();
  const end = async () => {
    connection.dispose();
    input.destroy();
    output.destroy();
    return await errors;
  };
  return { connection, end };
}

export async function connectEditor(connection: lsp.ProtocolConnection): Promise<Editor> {
  const documents = new Map<string, TextDocument>();
  const cursors = new Map<string, lsp.Position>();
  const waiting = new Map<string, (diagnostics: lsp.Diagnostic[]) => void>();
  const found = new Map<string, lsp.Diagnostic[]>();
  connection.onNotification(lsp.PublishDiagnosticsNotification.type, ({ uri, diagnostics }) => {
    found.set(uri, diagnostics);
    waiting.get(uri)?.(diagnostics);
  });
  connection.listen();
  await connection.sendRequest(lsp.InitializeRequest.type, {
    processId: null,
    rootUri: null,
    capabilities: {},
  });
  await connection.sendNotification(lsp.InitializedNotification.type, {});
  const uriOf = (path: string) => new URL(`file://${path}`).href;
  const read = (path: string, marked: string): TextDocument => {
    const uri = uriOf(path);
    const at = marked.indexOf("|");
    const text = at < 0 ? marked : marked.slice(0, at) + marked.slice(at + 1);
    const version = (documents.get(uri)?.version ?? 0) + 1;
    const document = TextDocument.create(uri, "toml", version, text);
    documents.set(uri, document);
    cursors.set(uri, document.positionAt(Math.max(at, 0)));
    found.delete(uri);
    return document;
  };
  const position = (path: string): lsp.TextDocumentPositionParams => ({
    textDocument: { uri: uriOf(path) },
    position: cursors.get(uriOf(path))!,
  });
  const complete = async (path: string): Promise<lsp.CompletionItem[]> =>
    await connection.sendRequest(
      lsp.CompletionRequest.type,
      position(path),
    ) as lsp.CompletionItem[];
  return {
    open(path, marked) {
      const document = read(path, marked);
      connection.sendNotification(lsp.DidOpenTextDocumentNotification.type, {
        textDocument: {
          uri: document.uri,
          languageId: "toml",
          version: document.version,
          text: document.getText(),
        },
      });
    },
    change(path, marked) {
      const document = read(path, marked);
      connection.sendNotification(lsp.DidChangeTextDocumentNotification.type, {
        textDocument: { uri: document.uri, version: document.version },
        contentChanges: [{ text: document.getText() }],
      });
    },
    async problems(path) {
      const uri = uriOf(path);
      const diagnostics = found.get(uri) ??
        await new Promise<lsp.Diagnostic[]>((resolve) => waiting.set(uri, resolve));
      return diagnostics.map(({ range, message }) => `${range.start.line + 1}: ${message}`);
    },
    complete,
    async accept(path, label) {
      const item = (await complete(path)).find((each) => each.label === label);
      const edit = item?.textEdit as lsp.TextEdit | undefined;
      if (edit === undefined) throw new Error(`${label} is not offered`);
      return TextDocument.applyEdits(documents.get(uriOf(path))!, [edit]);
    },
    async hover(path) {
      const hover = await connection.sendRequest(lsp.HoverRequest.type, position(path));
      return (hover?.contents as lsp.MarkupContent | undefined)?.value ?? "";
    },
    async definition(path) {
      const location = await connection.sendRequest(
        lsp.DefinitionRequest.type,
        position(path),
      ) as lsp.Location | null;
      if (location === null) return undefined;
      return `${decodeURIComponent(new URL(location.uri).pathname)}:${
        location.range.start.line + 1
      }`;
    },
    async close() {
      await connection.sendRequest(lsp.ShutdownRequest.type);
      await connection.sendNotification(lsp.ExitNotification.type);
    },
  };
}
