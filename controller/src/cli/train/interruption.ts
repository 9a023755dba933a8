import { words } from '../words/index.js';

/** As shells have it for a program that was interrupted. */
export const INTERRUPTED = 130;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface InterruptionOptions {
  /** Tells the user. */
  readonly line: (text: string) => void;
  /** Ends the workers after their checkpoint. */
  readonly stop: () => void;
  /** Ends the workers at once. */
  readonly kill: () => void;
}

/** Ctrl-C ends a run with a checkpoint; a second one ends it at once. A closed terminal and SIGTERM are like the first. */
export class Interruption {
  private asked = false;

  constructor(
    private readonly options: InterruptionOptions,
    private readonly exit: (code: number) => void = (code) => process.exit(code),
  ) {
    for (const signal of SIGNALS) process.on(signal, this.onSignal);
  }

  get isAsked(): boolean {
    return this.asked;
  }

  forget(): void {
    for (const signal of SIGNALS) process.off(signal, this.onSignal);
  }

  private readonly onSignal = (signal: NodeJS.Signals): void => {
    const { line, stop, kill } = this.options;
    if (!this.asked) {
      this.asked = true;
      line(words().interruption.stopping);
      stop();
    } else if (signal !== 'SIGHUP') {
      line(words().interruption.atOnce);
      kill();
      this.exit(INTERRUPTED);
    }
  };
}

/** What an interrupted run kept, and how it goes on. */
export function describeKept(
  checkpoint: { readonly step: number; readonly place: string } | undefined,
  totalSteps: number | undefined,
  argv: readonly string[],
): string {
  const said = words().interruption;
  if (checkpoint === undefined) return said.nothingKept;
  const of = totalSteps === undefined ? '' : `/${totalSteps}`;
  return said.kept(`${checkpoint.step}${of}`, checkpoint.place, resumeCommand(argv));
}

/** The command that was typed, as one that goes on. @param argv as of `process.argv`: node, program, arguments */
export function resumeCommand(argv: readonly string[]): string {
  const given = argv.slice(2).filter((word) => word !== '--force' && word !== '--resume');
  return ['npx', 'tuneyard', ...given, '--resume'].map(quoted).join(' ');
}

const quoted = (word: string) =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
