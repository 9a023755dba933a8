import { WorkPhase, type EvaluationResult, type Stance } from '@tuneyard/proto';

import { FrameError } from '../errors.js';
import { deal, type Deal } from './deal.js';
import { isBlock, type Block } from './tree.js';

/** Names one shared work of a job. */
export interface WorkKey {
  readonly step: number;
  readonly phase: WorkPhase;
}

/** What all members of a generation conclude from their stances. */
export interface Plan {
  /** The furthest committed step; who has less fetches this state. */
  readonly committedStep: number;
  /** Ranks that have it, ascending. */
  readonly donors: readonly number[];
  /** The work that this generation begins with. */
  readonly target: WorkKey;
  /** Who sums what of the target; undefined when the target is the end. */
  readonly deal: Deal | undefined;
  /** Result of the evaluation after `committedStep`, when a member has it already. */
  readonly evaluation: EvaluationResult | undefined;
}

export function workKey(step: number, phase: WorkPhase): string {
  return `${step}/${phase}`;
}

/**
 * The works of a job stand in one order: evaluation of step s, gradient of step s + 1, evaluation of step s + 1, ...;
 * the end comes last. A stance with a committed step s is in the evaluation of s, in the gradient of s + 1, or at the end.
 */
export function concludeStances(stances: readonly Stance[], speeds?: readonly number[]): Plan {
  const committedStep = Math.max(...stances.map((stance) => stance.committedStep));
  const donors = stances.flatMap((stance, rank) => (stance.committedStep === committedStep ? [rank] : []));
  const ahead = stances.filter((stance) => stance.committedStep === committedStep);
  const phase = ahead.reduce(
    (latest, stance) => (stance.phase > latest ? stance.phase : latest),
    WorkPhase.WORK_PHASE_UNSPECIFIED,
  );
  const leading = ahead.filter((stance) => stance.phase === phase);
  const [first] = leading;
  if (first === undefined) throw new Error('a generation has members');
  const evaluation = ahead
    .map((stance) => stance.evaluation)
    .find((result) => result?.step === committedStep);
  const target = { step: first.step, phase: first.phase };
  if (first.phase === WorkPhase.WORK_PHASE_END)
    return { committedStep, donors, target, deal: undefined, evaluation };
  if (leading.some((stance) => stance.count !== first.count || stance.vectorLength !== first.vectorLength))
    throw new FrameError(`members disagree on the size of step ${first.step}: they train different jobs`);
  const held = stances.map((stance) =>
    stance.committedStep === committedStep && stance.phase === phase ? stance.held : [],
  );
  return { committedStep, donors, target, deal: deal(first.count, held, speeds), evaluation };
}

/** Throws a FrameError on a stance that no sound member would send. */
export function checkStance(stance: Stance, generation: number): void {
  const { committedStep, step, phase, count, vectorLength, held } = stance;
  const ofGradient = phase === WorkPhase.WORK_PHASE_GRADIENT;
  const known = ofGradient || phase === WorkPhase.WORK_PHASE_EVALUATION || phase === WorkPhase.WORK_PHASE_END;
  const inOrder = step === committedStep + (ofGradient ? 1 : 0);
  const sized = count >= 0 && vectorLength >= 0 && (count > 0 || phase === WorkPhase.WORK_PHASE_END);
  const held1 = held.every((block: Block) => isBlock(block, count));
  if (stance.generation !== generation || committedStep < 0 || !known || !inOrder || !sized || !held1)
    throw new FrameError(`a stance that makes no sense: ${JSON.stringify({ ...stance, held: held.length })}`);
}
