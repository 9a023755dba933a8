import { words } from '../words/index.js';
import type { ComparedRow, Comparison, PairedLoss, PairedMatches, Pairs, Verdict } from './comparison.js';
import { isMatch } from './is-match.js';
import { signTest } from './sign-test.js';

/** A difference that chance makes less often than this is told as one. */
const LEVEL = 0.05;
/** Losses closer than this are equal: less is rounding. */
const EQUAL_LOSS = 1e-6;

/** How the rows divide by their losses; undefined where none was measured. */
export function pairLosses(rows: readonly ComparedRow[]): PairedLoss | undefined {
  const measured = rows.flatMap(({ baseLoss, tunedLoss }) =>
    baseLoss === undefined || tunedLoss === undefined ? [] : [{ baseLoss, tunedLoss }],
  );
  if (measured.length === 0) return undefined;
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    base: mean(measured.map(({ baseLoss }) => baseLoss)),
    tuned: mean(measured.map(({ tunedLoss }) => tunedLoss)),
    ...pairs(measured.map(({ baseLoss, tunedLoss }) => baseLoss - tunedLoss)),
  };
}

/** How the rows divide by right and wrong answers; undefined where none was generated. */
export function pairMatches(rows: readonly ComparedRow[]): PairedMatches | undefined {
  const answered = rows.flatMap(({ reference, base, tuned }) =>
    base === undefined || tuned === undefined
      ? []
      : [{ base: Number(isMatch(base, reference)), tuned: Number(isMatch(tuned, reference)) }],
  );
  if (answered.length === 0) return undefined;
  return {
    base: answered.reduce((sum, { base }) => sum + base, 0),
    tuned: answered.reduce((sum, { tuned }) => sum + tuned, 0),
    ...pairs(answered.map(({ base, tuned }) => tuned - base)),
  };
}

function pairs(gains: readonly number[]): Pairs {
  const better = gains.filter((gain) => gain > EQUAL_LOSS).length;
  const worse = gains.filter((gain) => gain < -EQUAL_LOSS).length;
  return { better, worse, equal: gains.length - better - worse, p: signTest(better, worse) };
}

/**
 * Whether the tuned model is better, in words. Right answers decide where they differ beyond chance, since they are what was
 * asked for; otherwise the losses do.
 */
export function judge({ loss, exactMatch }: Pick<Comparison, 'loss' | 'exactMatch'>): Verdict {
  const says = words().verdict;
  if (loss === undefined && exactMatch === undefined)
    return { outcome: 'unknown', text: says.nothingHeldOut() };
  const byAnswers = exactMatch && outcomeOf(exactMatch);
  const byLoss = loss && outcomeOf(loss);
  const outcome =
    byAnswers === 'better' || byAnswers === 'worse' ? byAnswers : (byLoss ?? byAnswers ?? 'same');
  const answers =
    exactMatch &&
    says.answers(
      String(exactMatch.tuned),
      String(exactMatch.base),
      String(counted(exactMatch)),
      String(exactMatch.better),
      String(exactMatch.worse),
      probability(exactMatch.p),
    );
  const losses =
    loss &&
    says.losses(
      String(loss.better),
      String(counted(loss)),
      loss.base.toFixed(4),
      loss.tuned.toFixed(4),
      probability(loss.p),
    );
  const figures =
    answers !== undefined && losses !== undefined ? says.both(answers, losses) : (answers ?? losses ?? '');
  return { outcome, text: says[outcome](figures) };
}

const counted = ({ better, worse, equal }: Pairs) => better + worse + equal;

function outcomeOf({ better, worse, p }: Pairs): 'better' | 'worse' | 'same' {
  return p >= LEVEL ? 'same' : better > worse ? 'better' : 'worse';
}

/** For reading: tiny ones all mean the same. */
export function probability(p: number): string {
  return p < 0.001 ? '< 0.001' : `= ${p.toFixed(3)}`;
}
