import type { TargetSelector } from '@tuneyard/proto/targets';
import { UserError } from '../errors.js';
import { HEAD, moduleNames, storedName, tensorSpecs, type ModelConfig } from '../model/index.js';

/** A tensor of the base model that is trained whole, beside the low-rank branches. */
export interface SavedTensor {
  /** Its name in the adapter. */
  readonly name: string;
  readonly shape: readonly number[];
  /** The base model's tensor that it starts from: the embedding for a tied head. */
  readonly from: string;
}

/**
 * The tensors of `modulesToSave`, in the order of the forward pass. Entries match ends of names, as PEFT's do. Of a
 * tied model the embedding and the head are trained apart, each alone or both: PEFT makes two copies.
 * @throws UserError naming an entry that no module has.
 */
export function savedTensors(
  config: ModelConfig,
  selector: TargetSelector,
  modulesToSave: readonly string[],
): readonly SavedTensor[] {
  if (modulesToSave.length === 0) return [];
  const specs = tensorSpecs(config).map(({ name, shape }) => ({ name, shape, from: name }));
  if (config.tiedHead) {
    specs.push({
      name: HEAD,
      shape: [config.vocabularySize, config.hiddenSize],
      from: storedName(config, HEAD),
    });
  }
  const saved = specs.filter(({ name }) => selector.saves(moduleOf(name)));
  const modules = saved.map(({ name }) => moduleOf(name));
  for (const entry of modulesToSave) {
    const isUsed = [...moduleNames(config)].some(
      (module) =>
        module.endsWith(entry) && modules.some((name) => name === module || name.startsWith(`${module}.`)),
    );
    if (!isUsed) {
      throw new UserError(
        `method.lora.modulesToSave: "${entry}" is no module with weights of a ${config.architecture} model; use names such as ${examples(config)}.`,
      );
    }
  }
  return saved;
}

function moduleOf(tensor: string): string {
  return tensor.slice(0, tensor.lastIndexOf('.'));
}

function examples({ architecture }: ModelConfig): string {
  return architecture === 'gpt2' ? 'wte, lm_head, ln_f' : 'embed_tokens, lm_head, norm';
}
