import type { Scalars } from '../collective/group.js';
import type { Compute, LoadedJob } from './compute.js';

/** What a test measures; null = not asked for, or no rows. */
export interface TestFigures {
  readonly evalLoss: number | null;
  readonly exactMatch: number | null;
}

export const NOT_TESTED: TestFigures = { evalLoss: null, exactMatch: null };

/** A test on held-out rows, as a work that all workers share. */
export interface HeldOutTest {
  /** Units of the work; 0 = there is nothing to test. */
  readonly count: number;
  compute(index: number): Promise<Scalars>;
  read(sums: Scalars): TestFigures;
}

type TestedJob = Pick<LoadedJob, 'validationBatches' | 'validationTokens' | 'testGroups' | 'examples'>;

/**
 * Validation loss and exact match of the base model, as one work: a step of the group has one evaluation. The first units
 * are validation batches, whose losses are summed; the others are groups of test rows, whose matches are summed in place
 * of the trained tokens, which are known beforehand.
 */
export function baseTest(job: TestedJob, compute: Compute, wantsExactMatch: boolean): HeldOutTest {
  const { validationBatches, validationTokens, examples } = job;
  const groups = wantsExactMatch ? job.testGroups : 0;
  return {
    count: validationBatches + groups,
    async compute(index) {
      if (index < validationBatches)
        return { lossSum: (await compute.baseLoss(index)).lossSum, trainedTokens: 0 };
      const { matches } = await compute.exactMatches(index - validationBatches, 'base');
      return { lossSum: 0, trainedTokens: matches };
    },
    read: ({ lossSum, trainedTokens }) => ({
      evalLoss: validationBatches > 0 ? lossSum / Math.max(1, validationTokens) : null,
      exactMatch: groups > 0 ? trainedTokens / examples.test : null,
    }),
  };
}

/** Exact match of the tuned model, whose validation loss is known. The sums are matches and rows. */
export function tunedTest(job: TestedJob, compute: Compute, wantsExactMatch: boolean): HeldOutTest {
  return {
    count: wantsExactMatch ? job.testGroups : 0,
    async compute(group) {
      const { matches, examples } = await compute.exactMatches(group, 'tuned');
      return { lossSum: matches, trainedTokens: examples };
    },
    read: ({ lossSum, trainedTokens }) => ({ evalLoss: null, exactMatch: lossSum / trainedTokens }),
  };
}
