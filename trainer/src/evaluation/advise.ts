import { words } from '../words/index.js';
import type { Advice } from './comparison.js';

/** The course of a run, in figures. */
export interface TrainingCourse {
  /** Mean training loss of each quarter of the steps, nats; shorter when training ended before. */
  readonly quarters: readonly number[];
  /** Validation loss of the base and of the tuned model; undefined without validation rows. */
  readonly baseEvalLoss: number | undefined;
  readonly evalLoss: number | undefined;
  readonly vocabularySize: number;
  /** Rows that base and tuned model are compared on. */
  readonly heldOutRows: number;
  readonly stoppedEarly: boolean;
  readonly learningRate: number;
  /** As the job gives its length. */
  readonly length: { readonly field: 'training.epochs' | 'training.steps'; readonly value: number };
}

/** A run has converged when its last quarter brings less than this share of all that it fell. */
const SHARE_STILL_FALLING = 0.06;
/** A fall that matters, of the loss itself. */
const LEAST_FALL = 0.02;
/** Fewer pairs than this cannot differ beyond chance, however they come out: 2 / 2^5 > 0.05. */
const LEAST_ROWS = 6;
const FASTER = 3;
const LONGER = 3;

/** What the curve says to whoever trains again. A good run gets no advice. */
export function advise(course: TrainingCourse): readonly Advice[] {
  const says = words().advice;
  const { learningRate, vocabularySize, heldOutRows } = course;
  const advice: Advice[] = [];
  const rate = rateText(learningRate);
  const higher = rateText(learningRate * FASTER);
  const longer = `${course.length.field}=${roundUp(course.length.value * LONGER)}`;
  const final = course.evalLoss ?? course.quarters.at(-1);
  const guess = Math.log(vocabularySize);
  const rising = risen(course);
  if (rising) advice.push(rising);
  else if (final !== undefined && final > guess) {
    const [loss, odds] = [final.toFixed(4), guess.toFixed(4)];
    advice.push({
      reason: 'WorseThanGuessing',
      text: says.worseThanGuessing(loss, String(vocabularySize), odds, rate, higher, longer),
    });
  } else if (isStillFalling(course)) {
    const [, , third = 0, last = 0] = course.quarters;
    advice.push({
      reason: 'StillFalling',
      text: says.stillFalling(third.toFixed(4), last.toFixed(4), longer, rate, higher),
    });
  }
  if (heldOutRows > 0 && heldOutRows < LEAST_ROWS)
    advice.push({ reason: 'FewRows', text: says.fewRows(String(heldOutRows)) });
  return advice;
}

/** The validation loss is higher than that of the base model. */
function risen({ baseEvalLoss, evalLoss, quarters, learningRate }: TrainingCourse): Advice | undefined {
  if (baseEvalLoss === undefined || evalLoss === undefined || !(evalLoss > baseEvalLoss)) return undefined;
  const says = words().advice;
  const [before, after] = [baseEvalLoss.toFixed(4), evalLoss.toFixed(4)];
  const fell = (quarters.at(-1) ?? 0) < (quarters[0] ?? 0);
  return fell
    ? { reason: 'LearnsByHeart', text: says.byHeart(before, after) }
    : {
        reason: 'WorseThanBase',
        text: says.diverged(before, after, rateText(learningRate), rateText(learningRate / FASTER)),
      };
}

function isStillFalling({ quarters, stoppedEarly }: TrainingCourse): boolean {
  const [first, , third, last] = quarters;
  if (stoppedEarly || first === undefined || third === undefined || last === undefined) return false;
  const fall = third - last;
  return fall > LEAST_FALL * third && fall > SHARE_STILL_FALLING * (first - last);
}

/** Two digits are enough for a rate. */
function rateText(rate: number): string {
  return String(Number(rate.toPrecision(2)));
}

function roundUp(value: number): number {
  return Math.ceil(value - 1e-9);
}
