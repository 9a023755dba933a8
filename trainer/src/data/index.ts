export { createBatchPlan, type BatchPlanOptions } from './batch-plan.js';
export { dataCacheFolder, prepareCachedData, type DataCacheOptions } from './cached-data.js';
export { dataWarnings } from './data-warnings.js';
export { ChatTemplate } from './chat-template.js';
export type { Conversation, Message, Role } from './conversation.js';
export type { DataReport, LeakedRow, LengthBucket, Rejection, SplitReport } from './data-report.js';
export {
  encodeConversation,
  encodePrompt,
  endOfTurnOf,
  type EncodeOptions,
  type Encoded,
  type Example,
} from './encode-conversation.js';
export { RowError } from './formats/row-format.js';
export { UnmaskableError } from './mark-answers.js';
export { findingsWarnings } from './inspection/findings-warnings.js';
export type { DataFindings } from './inspection/findings.js';
export { longRowsOf } from './inspection/long-rows.js';
export { renderFindings } from './inspection/render-findings.js';
export { RowInspector } from './inspection/row-inspector.js';
export { layOutBatch, type Sequence } from './lay-out-batch.js';
export { IGNORED_LABEL, type BatchPlan, type MicroBatch } from './micro-batch.js';
export { prepareData } from './prepare-data.js';
export type { PreparedData, WeightedExamples } from './prepared-data.js';
export { readQuestions, type Question } from './read-questions.js';
export { renderReport } from './render-report.js';
export { Tokenizer, type TokenizerFiles } from './tokenizer.js';
