import { PatternError } from './errors.js';
import { parsePattern } from './parse-pattern.js';
import { PythonPattern, type StepBudget } from './python-pattern.js';

export const ALL_LINEAR = 'all-linear';

/** Which layers a LoRA adapts and which modules it trains whole, as the job says it. */
export interface TargetSelection {
  /** Name suffixes, one regular expression alone, or `all-linear` alone. */
  readonly targetModules: readonly string[];
  /** Name suffixes, or one regular expression alone. */
  readonly excludeModules: readonly string[];
  /** Indices of the blocks to adapt; empty = all. */
  readonly layersToTransform: readonly number[];
  /** Names of the list of blocks, as patterns; empty = any. */
  readonly layersPattern: readonly string[];
  /** Ends of the names of modules that are trained whole. */
  readonly modulesToSave: readonly string[];
  /** Pattern to rank, for layers whose rank is another. */
  readonly rankPattern: Readonly<Record<string, number>>;
  readonly alphaPattern: Readonly<Record<string, number>>;
}

/** Whether an entry is a regular expression: names of modules consist of letters, digits, `_`, `-` and dots. */
export function isPattern(entry: string): boolean {
  return /[^A-Za-z0-9_.-]/.test(entry);
}

/** Bounds what the patterns of one job may cost the controller: less than a second. */
const MOST_STEPS = 20_000_000;

type Named = (name: string) => boolean;

interface ValuePattern {
  readonly source: string;
  readonly pattern: PythonPattern;
  readonly value: number;
}

/**
 * What a selection means for one full module name (`model.layers.0.self_attn.q_proj`), as PEFT 0.21 decides it:
 * exclusions first, then modules that are trained whole, then targets, then the index of the block.
 */
export class TargetSelector {
  private readonly excluded: Named;
  private readonly targeted: Named;
  private readonly layers: readonly PythonPattern[];
  private readonly ranks: readonly ValuePattern[];
  private readonly alphas: readonly ValuePattern[];

  private readonly budget: StepBudget = { left: MOST_STEPS };

  /** @throws PatternError that names the field of a pattern that cannot be read. */
  constructor(private readonly selection: TargetSelection) {
    this.excluded = namesOf('excludeModules', selection.excludeModules, this.budget);
    this.targeted = namesOf('targetModules', selection.targetModules, this.budget);
    const layers = selection.layersPattern.length > 0 ? selection.layersPattern : [undefined];
    this.layers = layers.map((layer) =>
      compiled({ field: 'layersPattern', source: layer ?? '', whole: blockPattern(layer) }, this.budget),
    );
    this.ranks = valuePatterns('rankPattern', selection.rankPattern, this.budget);
    this.alphas = valuePatterns('alphaPattern', selection.alphaPattern, this.budget);
  }

  /** Whether the layer gets a low-rank branch. */
  selects(name: string): boolean {
    const { targetModules, modulesToSave } = this.selection;
    if (this.excluded(name) || modulesToSave.some((saved) => holds(saved, name))) return false;
    if (targetModules.length === 1 && targetModules[0] === ALL_LINEAR) return this.isInChosenLayer(name);
    if (!this.targeted(name)) return false;
    // A pattern and a full name say which layer they mean.
    const [first = ''] = targetModules;
    const exact = targetModules.includes(name) || (targetModules.length === 1 && isPattern(first));
    return exact || this.isInChosenLayer(name);
  }

  isExcluded(name: string): boolean {
    return this.excluded(name);
  }

  /** Whether the module is trained whole, by itself or as a part of one that is. */
  saves(name: string): boolean {
    const parts = name.split('.');
    return parts.some((_, index) => {
      const outer = parts.slice(0, index + 1).join('.');
      return this.selection.modulesToSave.some((saved) => outer.endsWith(saved));
    });
  }

  rankOf(name: string, otherwise: number): number {
    return this.ranks.find(({ pattern }) => pattern.match(name))?.value ?? otherwise;
  }

  alphaOf(name: string, otherwise: number): number {
    return this.alphas.find(({ pattern }) => pattern.match(name))?.value ?? otherwise;
  }

  /** The keys of rankPattern or alphaPattern that match a name. */
  keysFor(field: 'rankPattern' | 'alphaPattern', name: string): readonly string[] {
    const patterns = field === 'rankPattern' ? this.ranks : this.alphas;
    return patterns.filter(({ pattern }) => pattern.match(name)).map(({ source }) => source);
  }

  private isInChosenLayer(name: string): boolean {
    const { layersToTransform } = this.selection;
    if (layersToTransform.length === 0) return true;
    for (const pattern of this.layers) {
      const index = pattern.match(name)?.get('idx');
      if (index !== undefined) return layersToTransform.includes(Number(index));
    }
    return false;
  }
}

/** PEFT's form of the name of a layer with the index of its block. */
function blockPattern(layer: string | undefined): string {
  return layer === undefined
    ? String.raw`.*?\.[^.]*\.(?P<idx>\d+)\.`
    : String.raw`(?:^|.*?\.)${layer}\.(?P<idx>\d+)\.`;
}

function holds(saved: string, name: string): boolean {
  return `.${name}.`.includes(`.${saved}.`);
}

function namesOf(field: string, entries: readonly string[], budget: StepBudget): Named {
  const [only = ''] = entries;
  if (entries.length === 1 && isPattern(only)) {
    const pattern = compiled({ field, source: only, whole: only }, budget);
    return (name) => pattern.fullMatch(name);
  }
  return (name) => entries.some((entry) => name === entry || name.endsWith(`.${entry}`));
}

function valuePatterns(
  field: string,
  values: Readonly<Record<string, number>>,
  budget: StepBudget,
): readonly ValuePattern[] {
  return Object.entries(values).map(([source, value]) => ({
    source,
    value,
    pattern: compiled({ field, source, whole: String.raw`(.*\.)?(${source})$` }, budget),
  }));
}

interface Written {
  readonly field: string;
  /** As the user wrote it. */
  readonly source: string;
  /** As it is matched. */
  readonly whole: string;
}

function compiled({ field, source, whole }: Written, budget: StepBudget): PythonPattern {
  try {
    // The user's own part first: what is wrong with it is told by its own positions.
    if (whole !== source) parsePattern(source);
    return new PythonPattern(whole, budget);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw new PatternError(`${field}: "${source}" is not a regular expression of Python: ${error.message}`);
  }
}
