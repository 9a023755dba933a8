import { words } from '../words/index.js';
import type { ComparedRow, Comparison } from './comparison.js';
import { spread, type HeldOutRow, type HeldOutRows } from './held-out-rows.js';

/** Rows whose answers are shown where no metric asks for answers. */
const SAMPLES = 8;
/** Rows whose answers are generated together. */
const GROUP = 16;
/** Seconds after which no further loss is measured; and no further answer. */
const MOST_SECONDS = 30;
/** Samples may be this much longer than the longest reference among them, so that a base model cannot ramble on. */
const SAMPLE_SLACK = 16;

/** Base and tuned model, asked about rows by their position among the held-out rows. */
export interface ComparedModels {
  heldOutRows(): Promise<HeldOutRows>;
  /** Mean loss of the trained tokens of a row, nats. */
  rowLoss(row: number, model: ModelName): Promise<number>;
  /** Greedy answers in words. */
  rowAnswers(rows: readonly number[], model: ModelName, maxNewTokens: number): Promise<readonly string[]>;
}

export type ModelName = 'base' | 'tuned';

export interface ComparisonTask {
  readonly models: ComparedModels;
  /** A metric asks for the answers of all compared rows of the test split. */
  readonly wantsAnswers: boolean;
  readonly maxNewTokens: number;
  /** Seconds, monotonic. */
  readonly now: () => number;
  /** The process is asked to end: nothing further is measured. */
  readonly isHurried: () => boolean;
}

export type MeasuredRows = Pick<
  Comparison,
  'split' | 'rows' | 'comparedRows' | 'answeredRows' | 'maxNewTokens' | 'notes'
> & { readonly compared: readonly ComparedRow[] };

type OpenRow = { -readonly [K in keyof ComparedRow]: ComparedRow[K] };

/** Losses of base and tuned model on held-out rows, and their answers to some of them, within a bound on rows, tokens and time. */
export async function compareModels(task: ComparisonTask): Promise<MeasuredRows> {
  const { split, total, rows } = await task.models.heldOutRows();
  const open = rows.map(({ place, question, reference }): OpenRow => ({ place, question, reference }));
  const compared = await measureLosses(task, open);
  const answerable = rows.flatMap(({ reference }, at) => (reference === '' ? [] : [at]));
  const wantsAll = task.wantsAnswers && split === 'test';
  const chosen = wantsAll ? answerable : spread(answerable, SAMPLES);
  const maxNewTokens = wantsAll
    ? task.maxNewTokens
    : sampleLength(
        task,
        chosen.map((at) => rows[at]!),
      );
  const answered = await collectAnswers(task, { chosen, maxNewTokens }, open);
  const notes: string[] = [];
  const seconds = String(MOST_SECONDS);
  if (compared < total) notes.push(words().comparison.someRows(String(compared), String(total), seconds));
  if (answered < chosen.length)
    notes.push(words().comparison.someAnswers(String(answered), String(chosen.length), seconds));
  return {
    split,
    rows: total,
    comparedRows: compared,
    answeredRows: answered,
    maxNewTokens,
    notes,
    compared: open.filter(({ tunedLoss, tuned }) => tunedLoss !== undefined || tuned !== undefined),
  };
}

async function measureLosses(task: ComparisonTask, rows: readonly OpenRow[]): Promise<number> {
  const isOver = timer(task);
  for (const [at, row] of rows.entries()) {
    if (isOver()) return at;
    const base = await task.models.rowLoss(at, 'base');
    row.tunedLoss = await task.models.rowLoss(at, 'tuned');
    row.baseLoss = base;
  }
  return rows.length;
}

async function collectAnswers(
  task: ComparisonTask,
  { chosen, maxNewTokens }: { readonly chosen: readonly number[]; readonly maxNewTokens: number },
  rows: readonly OpenRow[],
): Promise<number> {
  const isOver = timer(task);
  for (let begin = 0; begin < chosen.length; begin += GROUP) {
    if (isOver()) return begin;
    const group = chosen.slice(begin, begin + GROUP);
    const base = await task.models.rowAnswers(group, 'base', maxNewTokens);
    const tuned = await task.models.rowAnswers(group, 'tuned', maxNewTokens);
    for (const [index, at] of group.entries()) {
      rows[at]!.base = base[index] ?? '';
      rows[at]!.tuned = tuned[index] ?? '';
    }
  }
  return chosen.length;
}

function timer({ now, isHurried }: ComparisonTask): () => boolean {
  const end = now() + MOST_SECONDS;
  return () => isHurried() || now() > end;
}

/** Tokens that the references take, and some more. */
function sampleLength({ maxNewTokens }: ComparisonTask, samples: readonly HeldOutRow[]): number {
  const longest = samples.reduce((most, { referenceTokens }) => Math.max(most, referenceTokens), 0);
  return Math.max(1, Math.min(maxNewTokens, longest + SAMPLE_SLACK));
}
