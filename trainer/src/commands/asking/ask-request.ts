import { UserError } from '../../errors.js';

/** What "tuneyard ask" and "tuneyard chat" want; that program reads the command line and checks the values. */
export interface AskRequest {
  /** Folder or address of the base model. */
  readonly model: string;
  /** Folders or addresses of adapters, or of models that were tuned whole. */
  readonly adapters: readonly string[];
  /** The base model answers, too. */
  readonly compare: boolean;
  readonly question?: string;
  /** Data file with questions. */
  readonly file?: string;
  /** System message, in place of those in the file. */
  readonly system?: string;
  /** As `dataset.template` of a job; default: the template of the tokenizer. */
  readonly template?: string;
  /** Longest answer. */
  readonly maxTokens: number;
  /** 0 = greedy. */
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly seed: number;
  /** File for the answers as JSON; `-` = standard output. */
  readonly json?: string;
}

/** @throws UserError when the text is no JSON object */
export function parseAskRequest(text: string): AskRequest {
  try {
    return JSON.parse(text) as AskRequest;
  } catch (error) {
    throw new UserError(`--request: is not valid JSON (${(error as Error).message})`);
  }
}
