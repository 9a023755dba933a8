/**
 * The tuned model beside its base on rows that were not trained: what differs, whether chance explains it, and what the
 * course of training says to do next. Begin at {@link compareModels}. Knows no files of results and no group of workers.
 */
export { advise, type TrainingCourse } from './advise.js';
export {
  compareModels,
  type ComparedModels,
  type ComparisonTask,
  type MeasuredRows,
  type ModelName,
} from './compare-models.js';
export type { Advice, ComparedRow, Comparison, MeasuredMetric, Verdict } from './comparison.js';
export { chooseHeldOut, type HeldOutRow, type HeldOutRows } from './held-out-rows.js';
export { isMatch } from './is-match.js';
export { judge, pairLosses, pairMatches } from './judge.js';
export { QuestionFinder } from './question-finder.js';
