import { describe, expect, it } from 'vitest';
import { ProgressDisplay, duration, type ProgressFigures } from './progress-display.js';

const figures = (step: number): ProgressFigures => ({
  step,
  totalSteps: 200,
  trainLoss: 1.2345,
  evalLoss: 2,
  tokensPerSecond: 3456.7,
  secondsLeft: 65,
  workers: 2,
});

function written(
  isTTY: boolean,
  use: (display: ProgressDisplay, wait: (seconds: number) => void) => void,
): string {
  let text = '';
  let now = 0;
  const terminal = { isTTY, columns: 120, write: (part: string) => (text += part) };
  use(new ProgressDisplay(terminal, () => now), (seconds) => (now += 1000 * seconds));
  return text;
}

describe('ProgressDisplay', () => {
  it('prints plain lines, twenty for a run, where there is no terminal', () => {
    const text = written(false, (display) => {
      for (let step = 1; step <= 200; step++) display.update(figures(step));
    });
    expect(text.trimEnd().split('\n')).toHaveLength(20);
    expect(text).not.toContain('\u001b');
    expect(text).toContain(
      'step  10/200 (5 %)  loss 1.234  eval 2.000  3457 tokens/s  2 workers  ETA 1 m 05 s\n',
    );
  });

  it('prints a line at least every 10 s without a terminal, with or without a new step', () => {
    const text = written(false, (display, wait) => {
      display.begin('loading');
      for (let second = 0; second < 25; second++) {
        wait(1);
        display.tick();
      }
      for (let step = 1; step <= 3; step++) {
        wait(9);
        display.update(figures(step));
        display.tick();
      }
      for (let second = 0; second < 11; second++) {
        wait(1);
        display.tick();
      }
    });
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => line.split('  loss', 1)[0]),
    ).toEqual([
      'loading',
      'loading (10 s)',
      'loading (20 s)',
      'step   1/200 (0 %)',
      'step   3/200 (1 %)',
      'step   3/200 (1 %)',
    ]);
  });

  it('redraws one line on a terminal and keeps other lines apart from it', () => {
    const text = written(true, (display) => {
      display.update(figures(100));
      display.line('hello');
      display.end();
    });
    expect(text).toContain(`${'█'.repeat(12)}${'░'.repeat(12)} step 100/200 (50 %)`);
    expect(text.endsWith('\r\u001b[Khello\n')).toBe(true);
  });
});

describe('duration', () => {
  it.each([
    [-1, '0 s'],
    [59.4, '59 s'],
    [125, '2 m 05 s'],
    [12_000, '3 h 20 m'],
  ])('%d seconds are %s', (seconds, text) => expect(duration(seconds)).toBe(text));
});
