/**
 * Asks a model: a folder with or without adapters as one that continues token ids, and conversations by its chat
 * template. Begin reading at {@link completeConversations}. It knows nothing of jobs, terminals and training.
 */
export { ChatFormat, type ChatFormatSource } from './chat-format.js';
export {
  completeConversations,
  completionOf,
  generationOptions,
  promptOf,
  type Completion,
  type CompletionOptions,
  type ContinuePrompts,
} from './complete-conversations.js';
export { InferenceModel, openForInference, type InferenceSource } from './open-for-inference.js';
export { streamAnswer, type StreamOptions } from './stream-answer.js';
