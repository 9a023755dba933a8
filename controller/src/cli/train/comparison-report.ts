import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { displayWidth, wrapLines } from '@tuneyard/proto/display';
import { words } from '../words/index.js';

/** What is read of `evaluation.json`; the trainer writes it. */
export interface EvaluationFile {
  readonly split: string;
  readonly rows: number;
  readonly verdict: { readonly outcome: string; readonly text: string };
}

/** A line of `evaluation.jsonl`. */
export interface ComparedRow {
  readonly question: string;
  readonly reference: string;
  readonly base?: string;
  readonly tuned?: string;
}

export interface Evaluation {
  readonly figures: EvaluationFile;
  readonly rows: readonly ComparedRow[];
}

/** Rows that are shown. */
const SHOWN = 8;
/** Lines that a cell takes at most. */
const MOST_LINES = 4;
const GAP = ' │ ';
/** A narrower column cannot be read: the texts stand below each other then. */
const NARROWEST = 14;

/** What the result at the address says of itself; undefined where it lies elsewhere or says nothing. */
export function readEvaluation(uri: string): Evaluation | undefined {
  if (!uri.startsWith('file://')) return undefined;
  const [figures, rows] = ['evaluation.json', 'evaluation.jsonl'].map((name) =>
    join(fileURLToPath(uri), name),
  );
  if (figures === undefined || rows === undefined || !existsSync(figures) || !existsSync(rows))
    return undefined;
  return {
    figures: JSON.parse(readFileSync(figures, 'utf8')) as EvaluationFile,
    rows: readFileSync(rows, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as ComparedRow),
  };
}

/** Some rows with the answers of both models, and the verdict, as lines of a terminal that wide. */
export function comparisonLines({ figures, rows }: Evaluation, columns: number): string[] {
  const says = words().training;
  const shown = rows.filter(({ tuned }) => tuned !== undefined).slice(0, SHOWN);
  const table = answerTable(
    [says.question, says.reference, says.base, says.tuned],
    shown.map(({ question, reference, base = '', tuned = '' }) => [question, reference, base, tuned]),
    columns,
  );
  const heading = says.samples(String(shown.length), String(figures.rows), figures.split);
  return [...(shown.length === 0 ? [] : [heading, ...table]), figures.verdict.text];
}

/** Cells wrapped beside each other under one heading; below each other where the terminal is too narrow. */
export function answerTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number,
): string[] {
  const width = Math.floor((columns - GAP.length * (head.length - 1)) / head.length);
  if (width < NARROWEST)
    return rows.flatMap((row) => [
      ...row.flatMap((text, at) => clipped(`${head[at]}: ${text}`, Math.max(NARROWEST, columns))),
      '',
    ]);
  const line = (cells: readonly string[]) =>
    cells
      .map((cell) => cell + ' '.repeat(Math.max(0, width - displayWidth(cell))))
      .join(GAP)
      .trimEnd();
  const rule = head.map(() => '─'.repeat(width)).join('─┼─');
  const body = rows.map((row) => {
    const cells = row.map((text) => clipped(text, width));
    const height = Math.max(...cells.map(({ length }) => length));
    return Array.from({ length: height }, (_, at) => line(cells.map((lines) => lines[at] ?? '')));
  });
  return [
    line(head.map((text) => clipped(text, width)[0] ?? '')),
    ...body.flatMap((lines) => [rule, ...lines]),
  ];
}

/** At most so many lines, white space as one space. */
function clipped(text: string, width: number): string[] {
  const lines = wrapLines(text.replaceAll(/\s+/g, ' ').trim(), width);
  if (lines.length <= MOST_LINES) return lines;
  let kept = lines[MOST_LINES - 1] ?? '';
  while (displayWidth(kept) >= width) kept = kept.slice(0, -1);
  return [...lines.slice(0, MOST_LINES - 1), `${kept.replace(/[\ud800-\udbff]$/, '')}…`];
}
