import { MethodType, type MethodConfig } from '@tuneyard/proto';
import type { Example, PreparedData } from '../data/index.js';
import { UserError } from '../errors.js';
import type { ModelConfig } from '../model/index.js';

/**
 * Compares the data with the model: token ids with its vocabulary, lengths with its positions. With learned positions a longer
 * text has none; with rotated ones it is computed, but as the model never was trained.
 *
 * @returns warnings
 * @throws UserError when the model cannot compute an example
 */
export function checkAgainstModel(
  config: ModelConfig,
  data: PreparedData,
  method: MethodConfig | undefined,
): string[] {
  const examples = [...data.train.flatMap((source) => source.examples), ...data.validation, ...data.test];
  let longest: Example | undefined;
  for (const example of examples) {
    if (example.inputIds.length > (longest?.inputIds.length ?? 0)) longest = example;
    const foreign = example.inputIds.find((id) => id >= config.vocabularySize);
    if (foreign !== undefined)
      throw new UserError(
        `${example.place}: token id ${foreign} is outside the model's vocabulary of ${config.vocabularySize}; tokenizer.json does not belong to this model, or has tokens that its embedding lacks.`,
      );
  }
  if (longest === undefined) return [];
  const virtual = virtualTokens(method);
  const positions = longest.inputIds.length + virtual;
  if (positions <= config.maxPositions) return [];
  const added = virtual === 0 ? '' : ` and ${virtual} virtual ones`;
  const what = `the longest example (${longest.place}) has ${longest.inputIds.length} tokens${added}, the model ${config.maxPositions} positions`;
  if (!config.rope)
    throw new UserError(
      `dataset.maxLength: ${what}; lower dataset.maxLength to ${config.maxPositions - virtual} or less.`,
    );
  return [
    `${what}: beyond them it was never trained; lower dataset.maxLength to ${config.maxPositions - virtual} or less`,
  ];
}

/** Positions that the method puts before every text. */
function virtualTokens(method: MethodConfig | undefined): number {
  switch (method?.type) {
    case MethodType.METHOD_TYPE_PTUNING:
      return method.ptuning?.virtualTokens ?? 0;
    case MethodType.METHOD_TYPE_PROMPT:
      return method.prompt?.virtualTokens ?? 0;
    case MethodType.METHOD_TYPE_PTUNING_V2:
      return method.prefix?.virtualTokens ?? 0;
    default:
      return 0;
  }
}
