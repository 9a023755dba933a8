/**
 * What stands beside a trained adapter or model: tokenizer and chat template, `training.json`, `evaluation.json`, and a
 * model card. Begin at {@link writeHandOver}. Nothing here names a path of this machine or a credential.
 */
export { baseName, digestOfModel, type BaseIdentity } from './base-identity.js';
export { publicAddress } from './public-address.js';
export { methodName, publicSettings } from './public-settings.js';
export { writeTokenizerFiles } from './tokenizer-files.js';
export type { HandOver, RecordedSource, TrainingRecord } from './training-record.js';
export { writeHandOver } from './write-hand-over.js';
