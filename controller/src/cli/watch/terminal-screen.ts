import type { ScreenSize } from './job-screen.js';

const [ENTER, LEAVE] = ['\u001b[?1049h\u001b[?25l', '\u001b[?25h\u001b[?1049l'] as const;
const CLEAR = '\u001b[2J';
const moveTo = (row: number) => `\u001b[${row + 1};1H`;
const CLEAR_LINE = '\u001b[K';

/** What a screen is drawn on; `process.stdout` fits. */
export interface ScreenOutput {
  write(text: string): unknown;
  readonly columns?: number;
  readonly rows?: number;
}

/** The whole terminal, on its alternate screen: only lines that differ from what is there are written. */
export class TerminalScreen {
  private shown: readonly string[] = [];

  constructor(private readonly output: ScreenOutput) {
    output.write(ENTER + CLEAR);
  }

  get size(): ScreenSize {
    return { columns: this.output.columns ?? 80, rows: this.output.rows ?? 24 };
  }

  draw(lines: readonly string[]): void {
    let text = '';
    for (let row = 0; row < Math.max(lines.length, this.shown.length); row++) {
      const line = lines[row] ?? '';
      if (line !== (this.shown[row] ?? '')) text += `${moveTo(row)}${line}${CLEAR_LINE}`;
    }
    this.shown = [...lines];
    if (text !== '') this.output.write(text);
  }

  /** After the terminal changed its size nothing is where it was. */
  clear(): void {
    this.shown = [];
    this.output.write(CLEAR);
  }

  /** Gives the terminal back as it was, with what was shown last below. */
  close(): void {
    this.output.write(`${LEAVE}${this.shown.map((line) => `${line}\n`).join('')}`);
  }
}
