import { TargetSelector, type TargetSelection } from '../targets/index.js';
import { modelTensors, type LinearShape } from './model-tensors.js';
import type { ModelShape } from './model-shape.js';

interface LoraShape extends TargetSelection {
  readonly rank: number;
  readonly variant: string;
  readonly dora: boolean;
  readonly dropout: number;
}

/** The inputs of the rules without a LoRA. */
export const NO_LORA = {
  dora: 0,
  dropout: 0,
  ranks: 0,
  rankedInputs: 0,
  rankedOutputs: 0,
  adaptedInputs: 0,
  adaptedOutputs: 0,
  savedValues: 0,
  savedHead: 0,
  /** Blocks that are on no tape, because nothing below them is trained. */
  untapedLayers: 0,
};

/**
 * What of a LoRA decides its memory. Values of layers are means over the blocks, because layers may differ in rank and
 * in being adapted at all.
 */
export function loraInputs(method: LoraShape, model: ModelShape): Readonly<Record<string, number>> {
  const selector = new TargetSelector(method);
  const { linears, others } = modelTensors(model);
  const adapted = linears.filter(({ name }) => selector.selects(name));
  const savedLinears = linears.filter(({ name }) => selector.saves(name));
  const savedOthers = others.filter(({ name }) => selector.saves(name));
  const mean = (of: (linear: LinearShape) => number) =>
    adapted.reduce((sum, linear) => sum + of(linear), 0) / model.layers;
  const ranks = new Map(adapted.map(({ name }) => [name, selector.rankOf(name, method.rank)]));
  const rank = ({ name }: LinearShape) => ranks.get(name) ?? method.rank;
  const trainedLayers = [...adapted, ...savedLinears, ...savedOthers].map(({ layer }) => layer);
  return {
    ...keptShares([...adapted, ...savedLinears], model.layers),
    dora: method.dora || method.variant === 'dora' ? 1 : 0,
    dropout: method.dropout > 0 ? 1 : 0,
    ranks: mean(rank),
    rankedInputs: mean((linear) => rank(linear) * linear.inputs),
    rankedOutputs: mean((linear) => rank(linear) * linear.outputs),
    adaptedInputs: mean(({ inputs }) => inputs),
    adaptedOutputs: mean(({ outputs }) => outputs),
    savedValues:
      savedLinears.reduce((sum, { inputs, outputs }) => sum + inputs * outputs, 0) +
      savedOthers.reduce((sum, { size }) => sum + size, 0),
    savedHead: savedOthers.some(({ name }) => name === 'lm_head') ? 1 : 0,
    untapedLayers: Math.min(model.layers, ...trainedLayers),
  };
}

/** In which share of the blocks each tensor must be kept. */
function keptShares(linears: readonly LinearShape[], layers: number): Record<string, number> {
  const kept = new Set(linears.map(({ keeps, layer }) => `${keeps} ${layer}`));
  const shares: Record<string, number> = {};
  for (const entry of kept) {
    const [keeps = ''] = entry.split(' ');
    shares[keeps] = (shares[keeps] ?? 0) + 1 / layers;
  }
  return shares;
}
