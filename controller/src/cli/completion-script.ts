export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** What the scripts complete. */
export interface Completions {
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  /** Commands whose argument is the name of a job, asked for with `tuneyard get -o name`. */
  readonly jobCommands: readonly string[];
}

const SCRIPTS: Readonly<Record<Shell, (completions: Completions) => string>> = {
  bash: ({ commands, jobCommands }) => `_tuneyard() {
  local word="\${COMP_WORDS[COMP_CWORD]}"
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(' ')}" -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
    ${jobCommands.join('|')})
      COMPREPLY=($(compgen -W "$(tuneyard get -o name 2>/dev/null | sed 's|.*/||')" -- "$word")) ;;
    *)
      COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}
complete -F _tuneyard tuneyard kubectl-tuneyard
`,
  zsh: ({ commands, jobCommands }) => `#compdef tuneyard kubectl-tuneyard
_tuneyard() {
  if (( CURRENT == 2 )); then
    local -a commands
    commands=(
${commands.map(({ name, description }) => `      ${quoted(`${name}:${description}`)}`).join('\n')}
    )
    _describe command commands
    return
  fi
  case "$words[2]" in
    ${jobCommands.join('|')})
      local -a jobs
      jobs=(\${(f)"$(tuneyard get -o name 2>/dev/null | sed 's|.*/||')"})
      _describe job jobs ;;
    *)
      _files ;;
  esac
}
compdef _tuneyard tuneyard kubectl-tuneyard
`,
  fish: ({ commands, jobCommands }) =>
    [
      ...commands.map(
        ({ name, description }) =>
          `complete -c tuneyard -n __fish_use_subcommand -f -a ${name} -d ${quoted(description)}`,
      ),
      `complete -c tuneyard -n '__fish_seen_subcommand_from ${jobCommands.join(' ')}' -f -a '(tuneyard get -o name 2>/dev/null | string replace -r ".*/" "")'`,
      '',
    ].join('\n'),
};

/** A script that completes commands and names of jobs in a shell. */
export function completionScript(shell: Shell, completions: Completions): string {
  return SCRIPTS[shell](completions);
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
