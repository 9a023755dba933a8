import {
  layOutBatch,
  type ChatTemplate,
  type Example,
  type PreparedData,
  type Tokenizer,
} from '../data/index.js';
import {
  chooseHeldOut,
  isMatch,
  QuestionFinder,
  type HeldOutRows,
  type ModelName,
} from '../evaluation/index.js';
import type { MatchCount } from './compute.js';
import type { Engine } from './engine.js';

/** Test examples that are generated together. */
const TEST_GROUP = 16;

export interface HeldOutBenchParts {
  readonly engine: Engine;
  readonly data: PreparedData;
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
  readonly maxNewTokens: number;
}

/** Measures base and tuned model on rows that are not trained. Answers that a test has generated are kept for the comparison. */
export class HeldOutBench {
  private readonly chosen: ReturnType<typeof chooseHeldOut>;
  private readonly answers: Record<ModelName, Map<Example, string>> = { base: new Map(), tuned: new Map() };

  constructor(private readonly parts: HeldOutBenchParts) {
    this.chosen = chooseHeldOut(parts.data);
  }

  get testGroups(): number {
    return Math.ceil(this.parts.data.test.length / TEST_GROUP);
  }

  async exactMatches(group: number, model: ModelName): Promise<MatchCount> {
    const examples = this.parts.data.test.slice(group * TEST_GROUP, (group + 1) * TEST_GROUP);
    const answers = await this.generate(examples, model, this.parts.maxNewTokens);
    const matches = examples.filter(({ reference }, row) => isMatch(answers[row] ?? '', reference)).length;
    for (const [row, example] of examples.entries()) this.answers[model].set(example, answers[row] ?? '');
    return { matches, examples: examples.length };
  }

  heldOutRows(): HeldOutRows {
    const { split, total, examples } = this.chosen;
    const finder = new QuestionFinder(this.parts.tokenizer, this.parts.template);
    return {
      split,
      total,
      rows: examples.map((example) => ({
        place: withoutFolder(example.place),
        question: finder.questionOf(example),
        reference: example.reference,
        referenceTokens: example.inputIds.length - example.promptLength,
      })),
    };
  }

  async rowLoss(row: number, model: ModelName): Promise<number> {
    const { engine, data } = this.parts;
    const batch = layOutBatch([[this.example(row)]], data.padId);
    const { lossSum, trainedTokens } = await (model === 'base' ? engine.baseLoss(batch) : engine.loss(batch));
    return lossSum / Math.max(1, trainedTokens);
  }

  /** Answers of the test are as long as the test lets them be; others are generated. */
  async rowAnswers(
    rows: readonly number[],
    model: ModelName,
    maxNewTokens: number,
  ): Promise<readonly string[]> {
    const examples = rows.map((row) => this.example(row));
    const known = this.answers[model];
    const isTested = maxNewTokens === this.parts.maxNewTokens;
    const missing = examples.filter((example) => !isTested || !known.has(example));
    const made = await this.generate(missing, model, maxNewTokens);
    const answers = new Map(missing.map((example, index) => [example, made[index] ?? '']));
    return examples.map((example) => answers.get(example) ?? known.get(example) ?? '');
  }

  private async generate(
    examples: readonly Example[],
    model: ModelName,
    maxNewTokens: number,
  ): Promise<readonly string[]> {
    if (examples.length === 0) return [];
    const { engine, data, tokenizer } = this.parts;
    const prompts = examples.map(({ inputIds, promptLength }) => inputIds.slice(0, promptLength));
    const useAdapter = model === 'tuned';
    const ids = await engine.generate(prompts, { maxNewTokens, stopIds: data.stopIds, useAdapter });
    return ids.map((answer) => tokenizer.decode(answer));
  }

  private example(row: number): Example {
    const example = this.chosen.examples[row];
    if (!example) throw new Error(`there is no held-out row ${row}`);
    return example;
  }
}

/** Results leave this machine: its folders mean nothing elsewhere. */
function withoutFolder(place: string): string {
  return place.replace(/^.*[/\\]/, '');
}
