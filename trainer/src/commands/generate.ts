import { Tokenizer } from '../data/index.js';
import { UserError } from '../errors.js';
import { openForInference } from '../loop/open-for-inference.js';
import { writeJson } from './write-json.js';

export interface GenerateCommandOptions {
  readonly model: string;
  readonly prompt: string;
  readonly adapter?: string;
  readonly maxTokens: number;
  readonly json?: string;
}

/** Greedy continuation of a prompt; prints prompt and continuation. */
export async function runGenerate(options: GenerateCommandOptions): Promise<void> {
  const tokenizer = Tokenizer.load(options.model);
  const ids = Int32Array.from(tokenizer.encodeSequence(options.prompt));
  if (ids.length === 0) {
    throw new UserError('--prompt is empty, and this tokenizer has no BOS token to start from');
  }
  const model = await openForInference(options.model, options.adapter);
  const [answer = new Int32Array(0)] = model.generate([ids], {
    maxNewTokens: options.maxTokens,
    stopIds: tokenizer.stopIds,
  });
  model.dispose();
  // Prompt and answer are decoded together, so that the seam has the spaces of running text.
  const text = tokenizer.decode([...ids, ...answer]);
  if (options.json !== '-') console.log(text);
  if (options.json !== undefined) {
    writeJson(options.json, {
      prompt: options.prompt,
      text,
      newTokens: answer.length,
      backend: model.backend,
    });
  }
}
