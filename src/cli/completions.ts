/** Scripts by which a shell completes commands, options, step kinds and files. */
import { shellWord } from "../workflow/shell_word.ts";

/** What a shell offers behind a command. */
export interface CompletedCommand {
  name: string;
  summary: string;
  options: readonly { name: string; help: string; value?: string }[];
  /** Words that its argument can be; files where there are none. */
  words: readonly string[];
}

export type Shell = "bash" | "zsh" | "fish";

export function completionScript(shell: Shell, commands: readonly CompletedCommand[]): string {
  switch (shell) {
    case "bash":
      return bashScript(commands);
    case "zsh":
      return zshScript(commands);
    case "fish":
      return fishScript(commands);
  }
}

const optionsOf = ({ options }: CompletedCommand) => options.map(({ name }) => `--${name}`);

function bashScript(commands: readonly CompletedCommand[]): string {
  const cases = commands.map((command) =>
    `    ${command.name}) options='${optionsOf(command).join(" ")}' words='${
      command.words.join(" ")
    }' ;;`
  );
  return `# bash completion for gyrus
_gyrus() {
  local current=\${COMP_WORDS[COMP_CWORD]} options= words=
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W '${
    commands.map(({ name }) => name).join(" ")
  }' -- "$current"; compgen -f -X '!*.toml' -- "$current"; compgen -d -- "$current")
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join("\n")}
  esac
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options --help" -- "$current")
  elif [[ -n $words ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  fi
}
complete -o filenames -F _gyrus gyrus
`;
}

function zshScript(commands: readonly CompletedCommand[]): string {
  const described = commands.map(({ name, summary }) => shellWord(`${name}:${summary}`));
  const cases = commands.map((command) => {
    const options = command.options.map(({ name, help, value }) =>
      shellWord(
        `*--${name}${value === undefined ? "" : "="}[${zshText(help)}]${
          value === undefined ? "" : `:${zshText(value)}:_files`
        }`,
      )
    );
    const rest = command.words.length > 0 ? `*:name:(${command.words.join(" ")})` : "*:file:_files";
    return `    ${command.name}) _arguments ${[...options, shellWord(rest)].join(" ")} ;;`;
  });
  return `#compdef gyrus
_gyrus() {
  if ((CURRENT == 2)); then
    local -a commands=(${described.join(" ")})
    _describe command commands
    _files -g '*.toml'
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
${cases.join("\n")}
  esac
}
compdef _gyrus gyrus
`;
}

function zshText(text: string): string {
  return text.replace(/[[\]:\\]/g, "\\$&");
}

function fishScript(commands: readonly CompletedCommand[]): string {
  const lines = ["# fish completion for gyrus"];
  for (const { name, summary, options, words } of commands) {
    const seen = `-n '__fish_seen_subcommand_from ${name}'`;
    lines.push(`complete -c gyrus -n __fish_use_subcommand -a ${name} -d ${shellWord(summary)}`);
    for (const option of options) {
      const value = option.value === undefined ? "" : " -r";
      lines.push(
        `complete -c gyrus ${seen} -l ${option.name}${value} -d ${shellWord(option.help)}`,
      );
    }
    if (words.length > 0) {
      lines.push(`complete -c gyrus ${seen} -f -a ${shellWord(words.join(" "))}`);
    }
  }
  return `${lines.join("\n")}\n`;
}
