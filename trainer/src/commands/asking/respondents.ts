import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { UserError } from '../../errors.js';
import {
  ChatFormat,
  openForInference,
  type CompletionOptions,
  type InferenceModel,
} from '../../inference/index.js';
import { words } from '../../words/index.js';
import { modelFolder } from '../model-folder.js';
import type { AskRequest } from './ask-request.js';

/** One who answers: the base model, or the base model with an adapter. */
export interface Respondent {
  readonly name: string;
  /** As it was given; undefined for the base model. */
  readonly adapter: string | undefined;
  readonly model: InferenceModel;
  readonly format: ChatFormat;
  readonly options: CompletionOptions;
}

/** Loads the base model once and its adapters. @throws UserError when one cannot be used */
export async function openRespondents(request: AskRequest): Promise<readonly Respondent[]> {
  const { model, adapters, compare, template } = request;
  if (compare && adapters.length === 0) throw new UserError(words().asking.compareNeedsAdapter);
  const folder = await modelFolder(model, { option: '--model', purpose: 'model' });
  const folders: string[] = [];
  for (const adapter of adapters)
    folders.push(await modelFolder(adapter, { option: '--adapter', purpose: 'adapter' }));
  // Everything that can be wrong with a template is told before the weights are read.
  const formats = folders.map((adapter) => ChatFormat.load(folder, { adapter, template }));
  const isBaseAsked = compare || adapters.length === 0;
  const baseFormat = isBaseAsked ? formatOfBase(folder, formats[0], template) : undefined;
  const base = await openForInference(folder);
  const names = namesOf(adapters);
  const respondents: Respondent[] = [];
  if (baseFormat)
    respondents.push(
      respondent(words().asking.base, { adapter: undefined, model: base, format: baseFormat }, request),
    );
  for (const [index, adapter] of adapters.entries()) {
    const own = folders[index] ?? '';
    const tuned = isWholeModel(own) ? await openForInference(own) : base.withAdapter(own);
    const format = formats[index] ?? ChatFormat.load(folder, { template });
    respondents.push(respondent(names[index] ?? adapter, { adapter, model: tuned, format }, request));
  }
  return respondents;
}

/** A base model without a template is asked as the adapter was trained. */
function formatOfBase(
  folder: string,
  tuned: ChatFormat | undefined,
  template: string | undefined,
): ChatFormat {
  try {
    return ChatFormat.load(folder, { template });
  } catch (error) {
    if (tuned === undefined || !(error instanceof UserError)) throw error;
    return tuned;
  }
}

function respondent(
  name: string,
  who: Pick<Respondent, 'adapter' | 'model' | 'format'>,
  { maxTokens, temperature, topK, topP, seed }: AskRequest,
): Respondent {
  const options = {
    maxNewTokens: maxTokens,
    maxPositions: who.model.textPositions,
    ...(temperature === 0 ? {} : { sampling: { temperature, topK, topP, seed } }),
  };
  return { name, ...who, options };
}

/** Short names, as far as they tell adapters apart. */
function namesOf(adapters: readonly string[]): readonly string[] {
  if (adapters.length === 1) return [words().asking.tuned];
  const short = adapters.map((adapter) => basename(adapter));
  return new Set(short).size === short.length ? short : adapters;
}

/** Full fine-tuning leaves a model and no adapter. */
function isWholeModel(folder: string): boolean {
  return !existsSync(join(folder, 'adapter_config.json')) && existsSync(join(folder, 'config.json'));
}
