import { MethodType } from '@tuneyard/proto';
import type { MethodConfig, TrainerConfig } from '@tuneyard/proto';
import type { ResolvedMethod, ResolvedSpec } from './resolved-spec.js';

const METHOD_TYPES: Record<ResolvedMethod['type'], MethodType> = {
  lora: MethodType.METHOD_TYPE_LORA,
  qlora: MethodType.METHOD_TYPE_QLORA,
  ptuning: MethodType.METHOD_TYPE_PTUNING,
  'ptuning-v2': MethodType.METHOD_TYPE_PTUNING_V2,
  prompt: MethodType.METHOD_TYPE_PROMPT,
  full: MethodType.METHOD_TYPE_FULL,
};

/**
 * What the workers of a job are told, in the form that goes over the wire.
 *
 * @param date RFC 3339: what templates of the run take for the present; '' = the time of the rendering
 */
export function toTrainerConfig(spec: ResolvedSpec, date = ''): TrainerConfig {
  const { model, dataset, training, evaluation, output } = spec;
  return {
    model: {
      source: model.source,
      revision: model.revision ?? '',
      secret: secretOf(model),
      fromScratch: model.fromScratch ?? false,
    },
    method: toMethodConfig(spec.method),
    dataset: {
      sources: dataset.sources.map((source) => ({
        uri: source.uri,
        format: source.format,
        weight: source.weight,
        split: source.split ?? '',
        columns: source.columns ?? {},
        sheet: source.sheet ?? '',
        secret: secretOf(source),
      })),
      split: dataset.split,
      template: dataset.template,
      encoding: dataset.encoding,
      date,
      maxLength: dataset.maxLength,
      packing: dataset.packing,
      trainOnPrompt: dataset.trainOnPrompt,
      clean: dataset.clean,
    },
    training: {
      ...training,
      checkpoint: checkpointConfig(training.checkpoint),
      epochs: 'epochs' in training ? training.epochs : 0,
      steps: 'steps' in training ? training.steps : 0,
    },
    evaluation: { metrics: [...evaluation.metrics], maxNewTokens: evaluation.maxNewTokens },
    output: { uri: output.uri, formats: [...output.formats], secret: secretOf(output) },
  };
}

/** Name of the Secret for an address; '' = none. */
function secretOf({ secretRef }: { readonly secretRef?: { readonly name: string } | undefined }): string {
  return secretRef?.name ?? '';
}

function checkpointConfig(checkpoint: ResolvedSpec['training']['checkpoint']) {
  const { everySteps, keep, uri, resume } = checkpoint;
  return { everySteps, keep, uri, secret: secretOf(checkpoint), resume };
}

function toMethodConfig(method: ResolvedMethod): MethodConfig {
  const config: MethodConfig = {
    type: METHOD_TYPES[method.type],
    lora: undefined,
    ptuning: undefined,
    prefix: undefined,
    prompt: undefined,
  };
  switch (method.type) {
    case 'lora':
    case 'qlora': {
      const { initFromSecretRef, ...lora } = method.lora;
      config.lora = {
        ...lora,
        targetModules: [...lora.targetModules],
        // The variant says it already; what is sent for it stays as it was.
        dora: lora.dora && lora.variant !== 'dora',
        excludeModules: [...lora.excludeModules],
        layersToTransform: [...lora.layersToTransform],
        layersPattern: [...lora.layersPattern],
        modulesToSave: [...lora.modulesToSave],
        initFrom: lora.initFrom ?? '',
        initFromSecret: initFromSecretRef?.name ?? '',
      };
      break;
    }
    case 'ptuning':
      config.ptuning = method.ptuning;
      break;
    case 'ptuning-v2':
      config.prefix = method.prefix;
      break;
    case 'prompt':
      config.prompt = { ...method.prompt, initText: method.prompt.initText ?? '' };
      break;
    case 'full':
      break;
  }
  return config;
}
