import { Tokenizer as Pipeline } from '@huggingface/tokenizers';
import type { JsonObject } from '../../support/index.js';
import type { SpecialTokenFiles } from '../special-tokens.js';
import { WordCache } from '../word-cache.js';
import { withConfiguredTokens } from './configured-tokens.js';
import { exactPipeline } from './exact-pipeline.js';
import { correctSplits } from './exact-split.js';
import { withPrefixSpace } from './prefix-space.js';
import { needsWatching } from './published-patterns.js';
import { keepSingleWords } from './single-words.js';

export interface CreatedPipeline {
  readonly pipeline: Pipeline;
  /** Whether nothing tells that every text takes a time in proportion to its length. */
  readonly needsWatching: boolean;
}

/** The library's pipeline, as the files of a model folder together mean it. @param place path of `tokenizer.json` */
export function createPipeline(
  { tokenizer, config, specialTokensMap = {}, model = {} }: SpecialTokenFiles & { tokenizer: JsonObject },
  place: string,
): CreatedPipeline {
  const configPath = place.replace(/tokenizer\.json$/, 'tokenizer_config.json');
  const whole = withConfiguredTokens(tokenizer, { config, specialTokensMap }, configPath);
  const exact = exactPipeline(withPrefixSpace(whole, { config, model }, configPath));
  // Other fields of tokenizer_config.json would change what the library does, and not what transformers does.
  const pipeline = new Pipeline(exact, { eos_token: config['eos_token'] });
  correctSplits(pipeline.pre_tokenizer);
  keepSingleWords(pipeline);
  // The library's models are functions. Only those that divide words (BPE) have a cache.
  const divider: object = pipeline.model;
  if ('cache' in divider) divider.cache = new WordCache();
  return { pipeline, needsWatching: needsWatching(exact) };
}
