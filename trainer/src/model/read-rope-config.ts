import { UserError } from '../errors.js';
import type { JsonFields } from '../support/index.js';
import { yarnMscale, type RopeConfig } from './rope.js';

/**
 * Reads either spelling: `rope_parameters` (theta inside) or `rope_theta` with `rope_scaling`.
 * @param path config.json, for messages.
 */
export function readRopeConfig(fields: JsonFields, path: string): RopeConfig {
  const section = fields.section('rope_parameters') ?? fields.section('rope_scaling');
  const theta = section?.has('rope_theta')
    ? section.number('rope_theta')
    : fields.number('rope_theta', 10_000);
  if (!section) return { type: 'default', theta };
  if (section.number('partial_rotary_factor', fields.number('partial_rotary_factor', 1)) !== 1) {
    throw new UserError(`${path}: a partial_rotary_factor other than 1 is not supported.`);
  }
  const type = section.has('rope_type') ? section.string('rope_type') : section.string('type', 'default');
  const originalMaxPositions = () => {
    if (section.has('original_max_position_embeddings'))
      return section.count('original_max_position_embeddings');
    return fields.count('original_max_position_embeddings', fields.count('max_position_embeddings'));
  };
  switch (type) {
    case 'default':
      return { type, theta };
    case 'linear':
      return { type, theta, factor: section.number('factor') };
    case 'dynamic':
      return {
        type,
        theta,
        factor: section.number('factor'),
        maxPositions: fields.count('max_position_embeddings'),
      };
    case 'llama3':
      return {
        type,
        theta,
        factor: section.number('factor'),
        lowFrequencyFactor: section.number('low_freq_factor'),
        highFrequencyFactor: section.number('high_freq_factor'),
        originalMaxPositions: originalMaxPositions(),
      };
    case 'yarn': {
      const original = originalMaxPositions();
      const factor = section.number('factor', fields.count('max_position_embeddings') / original);
      return {
        type,
        theta,
        factor,
        originalMaxPositions: original,
        attentionFactor: yarnAttentionFactor(section, factor),
        betaFast: section.number('beta_fast', 32),
        betaSlow: section.number('beta_slow', 1),
        truncate: section.boolean('truncate', true),
      };
    }
    default:
      throw new UserError(
        `${path}: rope type "${type}" is not supported; supported are default, linear, dynamic, llama3, yarn.`,
      );
  }
}

function yarnAttentionFactor(section: JsonFields, factor: number): number {
  if (section.has('attention_factor')) return section.number('attention_factor');
  const mscale = section.number('mscale', 0);
  const allDimensions = section.number('mscale_all_dim', 0);
  return mscale && allDimensions
    ? yarnMscale(factor, mscale) / yarnMscale(factor, allDimensions)
    : yarnMscale(factor);
}
