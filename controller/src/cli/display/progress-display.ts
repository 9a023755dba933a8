import { en } from '../words/en/index.js';
import { words, type Words } from '../words/index.js';
import { fitLine } from './fit-line.js';

export interface ProgressFigures {
  readonly step: number;
  readonly totalSteps: number;
  /** Nats per token. */
  readonly trainLoss: number;
  readonly evalLoss?: number | undefined;
  readonly tokensPerSecond: number;
  readonly secondsLeft: number;
  readonly workers: number;
}

/** Where progress goes; `process.stderr` fits. */
export interface Terminal {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const BAR_WIDTH = 24;
/** Without a terminal: a line whenever this share of the steps has passed, so that logs stay short … */
const PLAIN_LINES = 20;
/** … and after this time at the latest, so that nobody takes a long run for a dead one. */
const LONGEST_SILENCE_MS = 10_000;

/** A progress bar that redraws in place on a terminal, and prints plain lines elsewhere. */
export class ProgressDisplay {
  private drawn = false;
  private lastPlainStep = 0;
  private lastWritten: number;
  private figures: ProgressFigures | undefined;
  private phase: { readonly text: string; readonly since: number } | undefined;

  /** @param now milliseconds, monotonic */
  constructor(
    private readonly terminal: Terminal,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.lastWritten = now();
  }

  /** What is done before the first step, such as loading; it is told again while it lasts. */
  begin(phase: string): void {
    if (phase === this.phase?.text) return;
    this.phase = { text: phase, since: this.now() };
    if (this.terminal.isTTY) this.tick();
    else this.write(`${phase}\n`);
  }

  /** To be called every second: says that the run goes on where nothing new was said for long. */
  tick(): void {
    if (this.figures !== undefined) {
      if (this.terminal.isTTY !== true && this.isSilent()) this.write(`${describe(this.figures)}\n`);
      return;
    }
    if (this.phase === undefined) return;
    const seconds = (this.now() - this.phase.since) / 1000;
    const text = `${this.phase.text}${seconds < 1 ? '' : ` (${spokenDuration(seconds)})`}`;
    if (this.terminal.isTTY) {
      this.write(`\r\u001b[K${fitLine(text, (this.terminal.columns ?? 100) - 1)}`);
      this.drawn = true;
    } else if (this.isSilent()) this.write(`${text}\n`);
  }

  update(figures: ProgressFigures): void {
    this.figures = figures;
    const text = describe(figures);
    if (this.terminal.isTTY) {
      const line = `${bar(figures)} ${text}`;
      this.write(`\r\u001b[K${fitLine(line, (this.terminal.columns ?? 100) - 1)}`);
      this.drawn = true;
      return;
    }
    const every = Math.max(1, Math.floor(figures.totalSteps / PLAIN_LINES));
    if (figures.step === this.lastPlainStep) return;
    const isDue = figures.step >= this.lastPlainStep + every || figures.step >= figures.totalSteps;
    if (!isDue && !this.isSilent()) return;
    this.lastPlainStep = figures.step;
    this.write(`${text}\n`);
  }

  /** A line of its own; the bar continues below it. */
  line(text: string): void {
    if (this.drawn) this.write('\r\u001b[K');
    this.drawn = false;
    this.write(`${text}\n`);
  }

  /** Leaves the bar as it is and goes to a fresh line. */
  end(): void {
    if (this.drawn) this.write('\n');
    this.drawn = false;
    this.figures = undefined;
    this.phase = undefined;
  }

  private isSilent(): boolean {
    return this.now() - this.lastWritten >= LONGEST_SILENCE_MS;
  }

  private write(text: string): void {
    this.terminal.write(text);
    this.lastWritten = this.now();
  }
}

function bar({ step, totalSteps }: ProgressFigures): string {
  const filled = totalSteps > 0 ? Math.round((BAR_WIDTH * step) / totalSteps) : 0;
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}`;
}

function describe(figures: ProgressFigures): string {
  const { step, totalSteps, trainLoss, evalLoss, tokensPerSecond, secondsLeft, workers } = figures;
  const { progress: say } = words();
  return [
    say.step(
      String(step).padStart(String(totalSteps).length),
      String(totalSteps),
      percentOf(step, totalSteps),
    ),
    say.loss(trainLoss.toFixed(3)),
    ...(evalLoss === undefined ? [] : [say.evalLoss(evalLoss.toFixed(3))]),
    say.rate(String(Math.round(tokensPerSecond))),
    workers === 1 ? say.oneWorker : say.workers(String(workers)),
    say.left(spokenDuration(secondsLeft)),
  ].join('  ');
}

const percentOf = (step: number, total: number) => `${total > 0 ? Math.floor((100 * step) / total) : 0} %`;

/** `7 s`, `2 m 05 s`, `3 h 20 m`; in tables, which are in English. */
export const duration = (seconds: number): string => durationIn(en.progress, seconds);

/** {@link duration} in the language of this process. */
export const spokenDuration = (seconds: number): string => durationIn(words().progress, seconds);

function durationIn(say: Words['progress'], seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, '0');
  if (whole < 60) return say.seconds(String(whole));
  if (whole < 3600) return say.minutes(String(Math.floor(whole / 60)), two(whole % 60));
  return say.hours(String(Math.floor(whole / 3600)), two(Math.floor((whole % 3600) / 60)));
}
