import { isPattern, patternFault } from '@tuneyard/proto/targets';
import { isJsonObject, type JsonFields } from '../support/index.js';
import type { LoraOptions } from './lora-options.js';
import { isEmpty } from './peft-fields.js';
import { ALL_LINEAR } from './resolve-targets.js';

/** The options of a LoRA in an adapter_config.json. @throws UserError naming a field that is wrong. */
export function readPeftLora(fields: JsonFields): LoraOptions {
  const targetModules = namesOrPattern(fields, 'target_modules');
  if (targetModules.length === 0)
    throw fields.wrong('target_modules', 'a list of module names, a regular expression or "all-linear"');
  const layersToTransform = layerIndices(fields);
  if (layersToTransform.length > 0 && typeof fields.raw('target_modules') === 'string')
    throw fields.wrong('layers_to_transform', 'empty where target_modules is a text');
  return {
    rank: fields.count('r', 8),
    alpha: positive(fields, 'lora_alpha', fields.number('lora_alpha', 8)),
    dropout: fields.number('lora_dropout', 0),
    targetModules,
    excludeModules: namesOrPattern(fields, 'exclude_modules'),
    layersToTransform,
    layersPattern: layersPattern(fields),
    modulesToSave: stringList(fields, 'modules_to_save'),
    rankPattern: valuePattern(fields, 'rank_pattern', 'positive integers', (value) =>
      Number.isInteger(value),
    ),
    alphaPattern: valuePattern(fields, 'alpha_pattern', 'positive numbers', Number.isFinite),
    scaling: fields.boolean('use_rslora', false) ? 'rslora' : 'standard',
    dora: fields.boolean('use_dora', false),
    init: fields.raw('init_lora_weights') === 'gaussian' ? 'gaussian' : 'kaiming',
    loraPlusRatio: 1,
  };
}

/** PEFT reads a text as a regular expression and the entries of a list as ends of names. */
function namesOrPattern(fields: JsonFields, name: string): readonly string[] {
  const value = fields.raw(name);
  if (isEmpty(value)) return [];
  if (typeof value === 'string') {
    if (name === 'target_modules' && value.toLowerCase() === ALL_LINEAR) return [ALL_LINEAR];
    checkPattern(fields, name, value);
    return [value];
  }
  const names = stringList(fields, name);
  const pattern = names.find(isPattern);
  if (pattern !== undefined)
    throw fields.wrong(
      name,
      `module names, of which ${JSON.stringify(pattern)} is none; a pattern is a text`,
    );
  return names;
}

function stringList(fields: JsonFields, name: string): readonly string[] {
  const value = fields.raw(name);
  if (isEmpty(value)) return [];
  if (!Array.isArray(value) || !value.every((item): item is string => typeof item === 'string'))
    throw fields.wrong(name, 'a list of module names');
  return value;
}

function layersPattern(fields: JsonFields): readonly string[] {
  const value = fields.raw('layers_pattern');
  const patterns = typeof value === 'string' && value !== '' ? [value] : stringList(fields, 'layers_pattern');
  for (const pattern of patterns) checkPattern(fields, 'layers_pattern', pattern);
  return patterns;
}

function layerIndices(fields: JsonFields): readonly number[] {
  const value = fields.raw('layers_to_transform');
  if (isEmpty(value)) return [];
  const indices: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isIndex = (index: unknown): index is number => Number.isInteger(index) && Number(index) >= 0;
  if (!indices.every(isIndex)) throw fields.wrong('layers_to_transform', 'a list of indices of blocks');
  return indices;
}

function valuePattern(
  fields: JsonFields,
  name: string,
  wanted: string,
  holds: (value: number) => boolean,
): Readonly<Record<string, number>> {
  const value = fields.raw(name);
  if (isEmpty(value)) return {};
  if (!isJsonObject(value)) throw fields.wrong(name, `an object of patterns and ${wanted}`);
  const values: Record<string, number> = {};
  for (const [pattern, item] of Object.entries(value)) {
    if (typeof item !== 'number' || !(item > 0) || !holds(item))
      throw fields.wrong(name, `an object of patterns and ${wanted}`);
    checkPattern(fields, name, pattern);
    values[pattern] = item;
  }
  return values;
}

function checkPattern(fields: JsonFields, name: string, pattern: string): void {
  const fault = patternFault(pattern);
  if (fault !== undefined) throw fields.wrong(name, `a regular expression of Python (${fault})`);
}

function positive(fields: JsonFields, name: string, value: number): number {
  if (value > 0) return value;
  throw fields.wrong(name, 'greater than 0');
}
