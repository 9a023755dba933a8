import { setImmediate as nextTurn } from 'node:timers/promises';
import { Tokenizer } from '../data/index.js';
import { UserError } from '../errors.js';
import { openForInference } from '../inference/index.js';
import { words } from '../words/index.js';
import { modelFolder } from './model-folder.js';
import { writeJson } from './write-json.js';

export interface GenerateCommandOptions {
  readonly model: string;
  /** Continued together. */
  readonly prompt: readonly string[];
  readonly adapter?: string;
  readonly fromScratch?: boolean;
  readonly maxTokens: number;
  /** 0 = greedy. */
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly seed: number;
  /** Plain text is meant. */
  readonly raw?: boolean;
  readonly json?: string;
}

/** Continues prompts as plain text, without a chat template; prints each with its continuation. */
export async function runGenerate(options: GenerateCommandOptions): Promise<void> {
  const { temperature, topK, topP, seed } = options;
  const folder = await modelFolder(options.model, { option: '--model', purpose: 'model' });
  const adapter =
    options.adapter === undefined
      ? undefined
      : await modelFolder(options.adapter, { option: '--adapter', purpose: 'adapter' });
  const tokenizer = adapter === undefined ? Tokenizer.load(folder) : Tokenizer.loadBeside(adapter, folder);
  if (options.raw !== true && tokenizer.chatTemplate !== undefined)
    console.error(`${words().asking.warning}: ${words().asking.plainText}`);
  const prompts = options.prompt.map((prompt) => {
    const ids = Int32Array.from(tokenizer.encodeSequence(prompt));
    if (ids.length === 0)
      throw new UserError('--prompt is empty, and this tokenizer has no BOS token to start from');
    return ids;
  });
  const model = await openForInference(folder, { ...options, adapter });
  const began = performance.now();
  const answers = prompts.map((): number[] => []);
  const steps = model.generateSteps(prompts, {
    maxNewTokens: options.maxTokens,
    stopIds: tokenizer.stopIds,
    ...(temperature === 0 ? {} : { sampling: { temperature, topK, topP, seed } }),
  });
  for (const tokens of steps) {
    for (const { prompt, id } of tokens) answers[prompt]?.push(id);
    // Signals and the end of the caller are noticed between tokens.
    await nextTurn();
  }
  const seconds = (performance.now() - began) / 1000;
  model.dispose();
  const continuations = answers.map((answer, index) => ({
    prompt: options.prompt[index] ?? '',
    // Prompt and answer are decoded together, so that the seam has the spaces of running text.
    text: tokenizer.decode([...(prompts[index] ?? []), ...answer]),
    newTokens: answer.length,
  }));
  if (options.json !== '-') for (const { text } of continuations) console.log(text);
  if (options.json !== undefined) writeJson(options.json, { continuations, seconds, backend: model.backend });
}
