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
/** Without a terminal: a line whenever this share of the steps has passed, so that logs stay short. */
const PLAIN_LINES = 20;

/** A progress bar that redraws in place on a terminal, and prints plain lines elsewhere. */
export class ProgressDisplay {
  private drawn = false;
  private lastPlainStep = 0;

  constructor(private readonly terminal: Terminal) {}

  update(figures: ProgressFigures): void {
    const text = describe(figures);
    if (this.terminal.isTTY) {
      const line = `${bar(figures)} ${text}`;
      this.terminal.write(`\r\u001b[K${line.slice(0, (this.terminal.columns ?? 100) - 1)}`);
      this.drawn = true;
      return;
    }
    const every = Math.max(1, Math.floor(figures.totalSteps / PLAIN_LINES));
    if (figures.step < this.lastPlainStep + every && figures.step < figures.totalSteps) return;
    if (figures.step === this.lastPlainStep) return;
    this.lastPlainStep = figures.step;
    this.terminal.write(`${text}\n`);
  }

  /** A line of its own; the bar continues below it. */
  line(text: string): void {
    if (this.drawn) this.terminal.write('\r\u001b[K');
    this.drawn = false;
    this.terminal.write(`${text}\n`);
  }

  /** Leaves the bar as it is and goes to a fresh line. */
  end(): void {
    if (this.drawn) this.terminal.write('\n');
    this.drawn = false;
  }
}

function bar({ step, totalSteps }: ProgressFigures): string {
  const filled = totalSteps > 0 ? Math.round((BAR_WIDTH * step) / totalSteps) : 0;
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}`;
}

function describe(figures: ProgressFigures): string {
  const { step, totalSteps, trainLoss, evalLoss, tokensPerSecond, secondsLeft, workers } = figures;
  return [
    `step ${String(step).padStart(String(totalSteps).length)}/${totalSteps}`,
    `loss ${trainLoss.toFixed(3)}`,
    ...(evalLoss === undefined ? [] : [`eval ${evalLoss.toFixed(3)}`]),
    `${Math.round(tokensPerSecond)} tokens/s`,
    `${workers} ${workers === 1 ? 'worker' : 'workers'}`,
    `ETA ${duration(secondsLeft)}`,
  ].join('  ');
}

/** `7 s`, `2 m 05 s`, `3 h 20 m`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} m`;
}
