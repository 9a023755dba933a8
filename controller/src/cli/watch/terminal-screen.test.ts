import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TerminalScreen } from './terminal-screen.js';

/** As much of a terminal as a screen uses. */
function terminal() {
  let cells: string[] = [];
  let row = 0;
  const written: string[] = [];
  const write = (text: string) => {
    written.push(text);
    // eslint-disable-next-line no-control-regex -- escape sequences are what is read
    for (const [whole, code] of text.matchAll(/\u001b\[([?\d;]*[A-Za-z])|[^\u001b]+/g)) {
      if (code === undefined) cells[row] = whole;
      else if (code === '2J') cells = [];
      else if (code === 'K') cells[row] ??= '';
      else if (code.endsWith('H')) {
        row = Number.parseInt(code, 10) - 1;
        cells[row] = '';
      }
    }
  };
  return {
    output: { write, columns: 80, rows: 24 },
    written,
    lines: () => Array.from(cells, (cell) => cell ?? ''),
  };
}

const trimmed = (lines: readonly string[]) => lines.join('\n').trimEnd();

describe('TerminalScreen', () => {
  it('writes only the lines that changed', () => {
    const { output, written } = terminal();
    const screen = new TerminalScreen(output);
    screen.draw(['head', 'step 1', 'tail']);
    screen.draw(['head', 'step 2', 'tail']);
    expect(written.at(-1)).toBe('\u001b[2;1Hstep 2\u001b[K');
    const before = written.length;
    screen.draw(['head', 'step 2', 'tail']);
    expect(written.length).toBe(before);
  });

  it('shows what it was told last, whatever came before', () => {
    const lines = fc.array(fc.stringMatching(/^[a-z0-9 ]{0,5}$/), { maxLength: 6 });
    fc.assert(
      fc.property(fc.array(lines, { minLength: 1 }), (frames) => {
        const { output, lines: seen } = terminal();
        const screen = new TerminalScreen(output);
        for (const frame of frames) screen.draw(frame);
        expect(trimmed(seen())).toBe(trimmed(frames.at(-1) ?? []));
      }),
    );
  });

  it('leaves the last frame behind', () => {
    const { output, written } = terminal();
    const screen = new TerminalScreen(output);
    screen.draw(['done']);
    screen.close();
    expect(written.at(-1)).toBe('\u001b[?25h\u001b[?1049ldone\n');
  });
});
