import { displayWidth } from '@tuneyard/proto/display';
import { words } from '../words/index.js';

export interface LossPoint {
  readonly step: number;
  /** Nats per token. */
  readonly loss: number;
}

/** Dot columns and rows inside one Braille character. */
const DOT_COLUMNS = 2;
const DOT_ROWS = 4;
const BRAILLE_BLANK = 0x2800;
/** Bit of each dot, by row and column (Unicode Braille patterns). */
const DOT_BITS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

/**
 * A loss curve for the terminal, drawn in Braille dots with both axes labelled.
 *
 * @param size in characters, labels not counted
 * @returns lines without trailing newline; empty when there are fewer than two finite points
 */
export function plotLoss(
  points: readonly LossPoint[],
  size: { readonly width: number; readonly height: number } = { width: 60, height: 8 },
): string[] {
  const finite = points.filter(({ loss }) => Number.isFinite(loss));
  const first = finite[0];
  const last = finite.at(-1);
  if (!first || !last || finite.length < 2) return [];
  const top = Math.max(...finite.map(({ loss }) => loss));
  const bottom = Math.min(...finite.map(({ loss }) => loss));
  const columns = size.width * DOT_COLUMNS;
  const rows = size.height * DOT_ROWS;
  const cells = Array.from({ length: size.height }, () =>
    Array.from({ length: size.width }, () => BRAILLE_BLANK),
  );

  const rowOf = (loss: number): number => Math.round(((top - loss) / (top - bottom || 1)) * (rows - 1));
  let at = 0;
  let previous: number | undefined;
  for (let column = 0; column < columns; column++) {
    const step = first.step + ((last.step - first.step) * column) / (columns - 1);
    while (at + 1 < finite.length && (finite[at + 1] as LossPoint).step <= step) at++;
    const row = rowOf(interpolate(finite[at] as LossPoint, finite[at + 1], step));
    for (const y of rowsTo(previous, row)) setDot(cells, column, y);
    previous = row;
  }

  const labels = cells.map((_, row) =>
    row === 0 ? top.toFixed(2) : row === size.height - 1 ? bottom.toFixed(2) : '',
  );
  const margin = Math.max(...labels.map((label) => label.length));
  const lines = cells.map(
    (cell, row) => `${(labels[row] as string).padStart(margin)} ┤${String.fromCodePoint(...cell)}`,
  );
  const from = words().progress.fromStep(String(first.step));
  const axis = from + String(last.step).padStart(Math.max(1, size.width - displayWidth(from)));
  return [...lines, `${' '.repeat(margin)} └${'─'.repeat(size.width)}`, `${' '.repeat(margin + 2)}${axis}`];
}

function interpolate(from: LossPoint, to: LossPoint | undefined, step: number): number {
  if (!to || to.step === from.step) return from.loss;
  const share = Math.min(1, Math.max(0, (step - from.step) / (to.step - from.step)));
  return from.loss + (to.loss - from.loss) * share;
}

/** The rows after `from` up to `to`, so that a steep part of the curve has no gaps. */
function rowsTo(from: number | undefined, to: number): number[] {
  if (from === undefined || from === to) return [to];
  const direction = Math.sign(to - from);
  return Array.from({ length: Math.abs(to - from) }, (_, i) => from + direction * (i + 1));
}

function setDot(cells: number[][], column: number, row: number): void {
  const line = cells[Math.floor(row / DOT_ROWS)];
  const bits = DOT_BITS[row % DOT_ROWS];
  if (!line || !bits) return;
  line[Math.floor(column / DOT_COLUMNS)]! |= bits[column % DOT_COLUMNS] ?? 0;
}
