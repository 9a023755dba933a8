import type { DatasetConfig, DatasetSource } from '@tuneyard/proto';
import { UserError } from '../errors.js';
import { ChatTemplate } from './chat-template.js';
import { contentOf, type Conversation } from './conversation.js';
import { NAMED_REJECTIONS, type DataReport, type Rejection, type SplitReport } from './data-report.js';
import { encodeConversation, type EncodeOptions, type Example } from './encode-conversation.js';
import { BrokenRow } from './files/placed-row.js';
import { readRows } from './files/read-rows.js';
import { detectFormat, formatByName } from './formats/detect-format.js';
import { RowError, type Row, type RowFormat } from './formats/row-format.js';
import { UnmaskableError } from './mark-answers.js';
import { IGNORED_LABEL } from './micro-batch.js';
import { declaredSplit, digestOf, splitByContent, type SplitName } from './split-by-content.js';
import type { Tokenizer } from './tokenizer.js';

/** The examples of one source that are trained, and how often an epoch draws them. */
export interface WeightedExamples {
  readonly examples: readonly Example[];
  /** Passes over the source in one epoch; 0.5 draws half of its examples. */
  readonly weight: number;
}

/** A data set as a run needs it. */
export interface PreparedData {
  readonly train: readonly WeightedExamples[];
  readonly validation: readonly Example[];
  readonly test: readonly Example[];
  /** Fills the right of shorter rows. */
  readonly padId: number;
  /** Ids at which a generated answer ends. */
  readonly stopIds: readonly number[];
  readonly report: DataReport;
}

/**
 * Reads, checks, cleans, divides and tokenizes the sources of a job. Rows are streamed; only token ids stay.
 *
 * @throws UserError for a file that cannot be read, a line that is no JSON object (file:line), or no usable row.
 */
export async function prepareData(config: DatasetConfig, tokenizer: Tokenizer): Promise<PreparedData> {
  if (config.sources.length === 0)
    throw new UserError('dataset.sources is empty; name at least one data file.');
  if (config.maxLength < 2) throw new UserError('dataset.maxLength must be at least 2 tokens.');
  const collector = new Collector(config, tokenizer);
  for (const source of config.sources) await collector.addSource(source);
  return collector.finish();
}

class Collector {
  private readonly train: { examples: Example[]; weight: number }[] = [];
  private readonly held = { validation: [] as Example[], test: [] as Example[] };
  private readonly seen = new Set<string>();
  private readonly rejections: Rejection[] = [];
  private readonly stopIds: Set<number>;
  private readonly encoding: EncodeOptions;
  private readonly counts = { rows: 0, invalid: 0, duplicates: 0, tooShort: 0, tooLong: 0, truncated: 0 };

  constructor(
    private readonly config: DatasetConfig,
    private readonly tokenizer: Tokenizer,
  ) {
    this.stopIds = new Set(tokenizer.stopIds);
    this.encoding = {
      tokenizer,
      template: ChatTemplate.choose(config.template, tokenizer),
      maxLength: config.maxLength,
      trainOnPrompt: config.trainOnPrompt,
    };
  }

  async addSource(source: DatasetSource): Promise<void> {
    const split = declaredSplit(source.split);
    const examples: Example[] = [];
    this.train.push({ examples, weight: source.weight > 0 ? source.weight : 1 });
    let format: RowFormat | undefined =
      source.format === '' || source.format === 'auto' ? undefined : formatByName(source.format);
    let rows = 0;
    for await (const { place, row } of readRows(source.uri)) {
      if (row instanceof BrokenRow) throw new UserError(`${place}: ${row.reason}.`);
      rows++;
      const mapped = mapColumns(row, source.columns);
      format ??= detectFormat(mapped, place);
      this.addRow(format, mapped, place, split, examples);
    }
    if (rows === 0) throw new UserError(`${source.uri} holds no rows; a data set needs at least one.`);
    this.counts.rows += rows;
  }

  finish(): PreparedData {
    const trained = this.train.flatMap((source) => source.examples);
    const { validation, test } = this.held;
    if (trained.length === 0) {
      const first = this.rejections[0];
      const reason = first ? ` (the first one left out is ${first.place}: ${first.reason})` : '';
      throw new UserError(
        `the data set has no usable row to train on among ${this.counts.rows} rows${reason}.`,
      );
    }
    return {
      train: this.train.filter((source) => source.examples.length > 0),
      validation,
      test,
      padId: this.tokenizer.padId,
      stopIds: [...this.stopIds],
      report: {
        ...this.counts,
        rejections: this.rejections,
        splits: { train: summarize(trained), validation: summarize(validation), test: summarize(test) },
      },
    };
  }

  private addRow(
    format: RowFormat,
    row: Row,
    place: string,
    split: SplitName | undefined,
    train: Example[],
  ): void {
    let conversation: Conversation;
    let encoded;
    try {
      conversation = format.read(row);
      encoded = encodeConversation(conversation, place, this.encoding);
    } catch (error) {
      if (!(error instanceof RowError || error instanceof UnmaskableError)) throw error;
      this.counts.invalid++;
      this.reject(place, error.message);
      return;
    }
    const digest = digestOf(contentOf(conversation));
    if (this.config.clean?.dedupe && this.seen.has(digest)) {
      this.counts.duplicates++;
      this.reject(place, 'the same words came before');
      return;
    }
    this.seen.add(digest);
    this.counts.truncated += encoded.truncated;
    if (encoded.examples.length === 0) {
      this.counts.tooLong++;
      this.reject(place, `nothing to train within dataset.maxLength = ${this.config.maxLength} tokens`);
      return;
    }
    const chosen = split ?? splitByContent(digest, this.config.split ?? ALL_TRAIN);
    const target = chosen === 'train' ? train : this.held[chosen];
    for (const example of encoded.examples) if (this.hasFittingLength(example)) target.push(example);
    const end = encoded.examples[0]?.inputIds.at(-1);
    if (end !== undefined && encoded.truncated === 0 && this.tokenizer.isAdded(end)) this.stopIds.add(end);
  }

  private hasFittingLength(example: Example): boolean {
    const { minTokens = 0, maxTokens = 0 } = this.config.clean ?? {};
    const length = example.inputIds.length;
    if (length < minTokens) {
      this.counts.tooShort++;
      this.reject(example.place, `${length} tokens are fewer than dataset.clean.minTokens = ${minTokens}`);
      return false;
    }
    if (maxTokens > 0 && length > maxTokens) {
      this.counts.tooLong++;
      this.reject(example.place, `${length} tokens are more than dataset.clean.maxTokens = ${maxTokens}`);
      return false;
    }
    return true;
  }

  private reject(place: string, reason: string): void {
    if (this.rejections.length < NAMED_REJECTIONS) this.rejections.push({ place, reason });
  }
}

const ALL_TRAIN = { train: 1, validation: 0, test: 0, seed: 0 };

function mapColumns(row: Row, columns: Readonly<Record<string, string>>): Row {
  const fields = Object.entries(columns);
  if (fields.length === 0) return row;
  return { ...row, ...Object.fromEntries(fields.map(([field, column]) => [field, row[column]])) };
}

function summarize(examples: readonly Example[]): SplitReport {
  let tokens = 0;
  let trainedTokens = 0;
  let longest = 0;
  for (const { inputIds, labels } of examples) {
    tokens += inputIds.length;
    longest = Math.max(longest, inputIds.length);
    // The first position has nothing before it that could predict it.
    for (let index = 1; index < labels.length; index++) if (labels[index] !== IGNORED_LABEL) trainedTokens++;
  }
  return { examples: examples.length, tokens, trainedTokens, longest };
}
