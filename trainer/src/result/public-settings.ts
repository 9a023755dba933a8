import { MethodType, type TrainerConfig } from '@tuneyard/proto';
import { publicAddress } from './public-address.js';
import type { TrainingRecord } from './training-record.js';

const METHOD_NAMES: Readonly<Record<number, string>> = {
  [MethodType.METHOD_TYPE_LORA]: 'lora',
  [MethodType.METHOD_TYPE_QLORA]: 'qlora',
  [MethodType.METHOD_TYPE_PTUNING]: 'ptuning',
  [MethodType.METHOD_TYPE_PTUNING_V2]: 'ptuning-v2',
  [MethodType.METHOD_TYPE_PROMPT]: 'prompt',
  [MethodType.METHOD_TYPE_FULL]: 'full',
};

export function methodName({ method }: TrainerConfig): string {
  return METHOD_NAMES[method?.type ?? 0] ?? 'unknown';
}

/** The settings of a run as they may be handed on: without credentials, and without paths of the machine. */
export function publicSettings(config: TrainerConfig): TrainingRecord['settings'] {
  const { method, dataset, training } = config;
  const lora = method?.lora && {
    ...method.lora,
    initFrom: method.lora.initFrom === '' ? '' : publicAddress(method.lora.initFrom),
    initFromSecret: undefined,
  };
  return {
    method: said({ ...method, type: methodName(config), lora }),
    dataset: said({
      ...dataset,
      sources: dataset?.sources.map((source) => ({
        ...source,
        uri: publicAddress(source.uri),
        secret: undefined,
      })),
    }),
    training: said({ ...training, checkpoint: undefined }),
  };
}

/** Leaves out what says nothing. */
function said(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(said);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]): [string, unknown] => [name, said(inner)]);
  return Object.fromEntries(
    entries.filter(([, inner]) => {
      const empty = typeof inner === 'object' && inner !== null && Object.keys(inner).length === 0;
      return inner !== undefined && inner !== '' && !empty;
    }),
  );
}
