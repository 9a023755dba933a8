export { createBatchPlan, type BatchPlanOptions } from './batch-plan.js';
export { ChatTemplate } from './chat-template.js';
export type { Conversation, Message, Role } from './conversation.js';
export type { DataReport, Rejection, SplitReport } from './data-report.js';
export { encodeConversation, type EncodeOptions, type Encoded, type Example } from './encode-conversation.js';
export { layOutBatch, type Sequence } from './lay-out-batch.js';
export { IGNORED_LABEL, type BatchPlan, type MicroBatch } from './micro-batch.js';
export { prepareData, type PreparedData, type WeightedExamples } from './prepare-data.js';
export { Tokenizer, type TokenizerFiles } from './tokenizer.js';
