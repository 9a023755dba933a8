export const SHELLS = ['bash', 'zsh', 'fish', 'kubectl'] as const;
export type Shell = (typeof SHELLS)[number];

/** A command as the scripts complete it. */
export interface CompletedCommand {
  readonly name: string;
  readonly description: string;
  /** Such as `--output`. */
  readonly options: readonly string[];
  /** Whether its argument is the name of a job, which is asked for with `tuneyard get -o name`. */
  readonly takesJob: boolean;
}

const JOBS = "tuneyard get -o name 2>/dev/null | sed 's|.*/||'";

const SCRIPTS: Readonly<Record<Shell, (commands: readonly CompletedCommand[]) => string>> = {
  bash: (commands) => `_tuneyard() {
  local word="\${COMP_WORDS[COMP_CWORD]}"
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(' ')}" -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]} $word" in
${commands.map(({ name, options }) => `    "${name} -"*) COMPREPLY=($(compgen -W "${options.join(' ')}" -- "$word")) ;;`).join('\n')}
${commands
  .filter(({ takesJob }) => takesJob)
  .map(({ name }) => `    "${name} "*) COMPREPLY=($(compgen -W "$(${JOBS})" -- "$word")) ;;`)
  .join('\n')}
    *) COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}
complete -F _tuneyard tuneyard kubectl-tuneyard
`,
  zsh: (commands) => `#compdef tuneyard kubectl-tuneyard
_tuneyard() {
  if (( CURRENT == 2 )); then
    local -a commands
    commands=(
${commands.map(({ name, description }) => `      ${quoted(`${name}:${description}`)}`).join('\n')}
    )
    _describe command commands
    return
  fi
  case "$words[2] $words[CURRENT]" in
${commands.map(({ name, options }) => `    "${name} -"*) compadd -- ${options.join(' ')} ;;`).join('\n')}
${commands
  .filter(({ takesJob }) => takesJob)
  .map(({ name }) => `    "${name} "*) compadd -- \${(f)"$(${JOBS})"} ;;`)
  .join('\n')}
    *) _files ;;
  esac
}
compdef _tuneyard tuneyard kubectl-tuneyard
`,
  fish: (commands) =>
    commands
      .flatMap(({ name, description, options, takesJob }) => {
        const within = `-n '__fish_seen_subcommand_from ${name}'`;
        return [
          `complete -c tuneyard -n __fish_use_subcommand -f -a ${name} -d ${quoted(description)}`,
          ...options
            .filter((option) => option.startsWith('--'))
            .map((option) => `complete -c tuneyard ${within} -l ${option.slice(2)}`),
          ...(takesJob
            ? [
                `complete -c tuneyard ${within} -f -a '(tuneyard get -o name 2>/dev/null | string replace -r ".*/" "")'`,
              ]
            : []),
        ];
      })
      .map((line) => `${line}\n`)
      .join(''),
  kubectl: (commands) => `#!/bin/sh
# Save as kubectl_complete-tuneyard on the PATH: kubectl 1.26 and newer calls it with the words behind "kubectl tuneyard"
# and takes candidates, one a line, and a directive: 4 = no files beside them, 0 = files.
if [ $# -le 1 ]; then
  cat <<'END'
${commands.map(({ name, description }) => `${name}\t${description}`).join('\n')}
:4
END
  exit
fi
for word; do :; done
case "$1 $word" in
${commands.map(({ name, options }) => `  "${name} -"*) printf '%s\\n' ${options.join(' ')} :4 ;;`).join('\n')}
${commands
  .filter(({ takesJob }) => takesJob)
  .map(({ name }) => `  "${name} "*) ${JOBS}; echo :4 ;;`)
  .join('\n')}
  *) echo :0 ;;
esac
`,
};

/** A script that completes commands, their options and names of jobs in a shell, or behind `kubectl tuneyard`. */
export function completionScript(shell: Shell, commands: readonly CompletedCommand[]): string {
  return SCRIPTS[shell](commands);
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
