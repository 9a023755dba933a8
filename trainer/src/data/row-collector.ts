import type { DatasetConfig, DatasetSource } from '@tuneyard/proto';
import { UserError } from '../errors.js';
import { ChatTemplate } from './chat-template.js';
import { contentOf, wordsOf, type Conversation } from './conversation.js';
import {
  lengthHistogram,
  NAMED_ROWS,
  summarizeSplit,
  type DataReport,
  type RejectionKind,
} from './data-report.js';
import { divideRows, type DividableRow } from './divide-rows.js';
import { encodeConversation, type EncodeOptions, type Example } from './encode-conversation.js';
import { ExampleStore } from './example-store.js';
import { FieldCounts } from './field-counts.js';
import { askedEncoding } from './files/encoding/encodings.js';
import type { ReadOptions } from './files/encoding/read-text.js';
import { BrokenRow, UnusableRow } from './files/placed-row.js';
import { readRows } from './files/read-rows.js';
import { ColumnMapping } from './formats/column-mapping.js';
import {
  detectFormat,
  formatsByName,
  matchingFormat,
  refuseWholeDataSet,
  ROW_FORMATS,
} from './formats/detect-format.js';
import { refuseOtherTasks, refusePreference } from './formats/other-tasks.js';
import { AmbiguousColumns, RowError, type Row, type RowFormat } from './formats/row-format.js';
import { unusedFields } from './formats/unused-fields.js';
import { excerptOf } from './inspection/excerpt.js';
import { looksMisread } from './inspection/misread-text.js';
import type { RowInspector } from './inspection/row-inspector.js';
import { UnmaskableError } from './mark-answers.js';
import { NearDuplicates } from './near-duplicates.js';
import { nothingToTrain } from './nothing-to-train.js';
import type { PreparedData } from './prepared-data.js';
import { RejectedRows } from './rejected-rows.js';
import { scriptOf, type Script } from './script-of.js';
import { declaredSplit, digestOf, type SplitName } from './split-by-content.js';
import type { Tokenizer } from './tokenizer.js';
import { words } from '../words/index.js';

interface CollectedRow extends Omit<DividableRow, 'group'> {
  readonly source: number;
  readonly examples: readonly Example[];
}

interface ReadRow {
  readonly format: RowFormat;
  readonly row: Row;
  readonly place: string;
  readonly declared: SplitName | undefined;
  /** The first row of its source. */
  readonly isFirst: boolean;
}

/** Takes rows source by source, keeps the usable ones as token ids, and divides them at the end. */
export class RowCollector {
  private readonly rows: CollectedRow[] = [];
  private readonly weights: number[] = [];
  private readonly seen = new Set<string>();
  private readonly near = new NearDuplicates();
  private readonly store = new ExampleStore();
  private readonly rejected = new RejectedRows();
  private readonly unused = new FieldCounts();
  private readonly notes: string[] = [];
  private readonly scripts: Partial<Record<Script, number>> = {};
  private readonly stopIds: Set<number>;
  private readonly encoding: EncodeOptions;
  private readonly reading: ReadOptions;
  private readonly counts = { rows: 0, truncated: 0, damaged: 0, misread: 0 };
  private firstMisread: DataReport['firstMisread'];

  constructor(
    private readonly config: DatasetConfig,
    private readonly tokenizer: Tokenizer,
    private readonly inspector?: RowInspector,
  ) {
    this.reading = {
      encoding: askedEncoding(config.encoding),
      note: (message) => {
        if (this.notes.length < NAMED_ROWS) this.notes.push(message);
      },
    };
    this.stopIds = new Set(tokenizer.stopIds);
    this.encoding = {
      tokenizer,
      template: ChatTemplate.choose(config.template, tokenizer).on(runDate(config)),
      maxLength: config.maxLength,
      trainOnPrompt: config.trainOnPrompt,
    };
  }

  async addSource(source: DatasetSource): Promise<void> {
    const declared = declaredSplit(source.split);
    const path = `dataset.sources[${this.weights.length}]`;
    this.weights.push(source.weight > 0 ? source.weight : 1);
    const mapping = new ColumnMapping(source.columns, path, ROW_FORMATS);
    const asked = source.format === '' || source.format === 'auto' ? undefined : formatsByName(source.format);
    let format: RowFormat | undefined;
    let rows = 0;
    const reading = {
      ...this.reading,
      sheet: source.sheet || undefined,
      columns: [...mapping.columns],
      isRunningText: asked?.[0]?.name === 'text' && mapping.columns.size === 0,
    };
    for await (const { place, row } of readRows(source.uri, reading)) {
      if (row instanceof BrokenRow) throw new UserError(`${place}: ${row.reason}.`);
      rows++;
      if (row instanceof UnusableRow) {
        this.reject('invalid', place, row.reason);
        continue;
      }
      const mapped = this.mappedRow(mapping, row, place, rows === 1);
      if (mapped === undefined) continue;
      refusePreference(mapped, place, mapping.columns);
      if (asked === undefined) {
        // A misspelt column is what its owner must hear of, and not the fields that are left.
        if (format === undefined && matchingFormat(mapped, mapping.fields) === undefined) mapping.check();
        if (format?.matches(mapped) !== true) format = matchingFormat(mapped, mapping.fields) ?? format;
        format ??= detectFormat(mapped, place, mapping.fields);
      } else {
        format = asked.find((each) => each.matches(mapped)) ?? asked[0]!;
        if (rows === 1 && !format.matches(mapped)) refuseWholeDataSet(mapped, place);
        // Where nothing is known by name, the columns are what its owner must name.
        if (rows === 1 && isDisjoint(format.fields, mapped)) {
          mapping.check();
          detectFormat(mapped, place, mapping.fields);
        }
      }
      this.addRow({ format, row: mapped, place, declared, isFirst: rows === 1 });
      this.unused.add(mapping.leftAside(row));
    }
    if (rows === 0) throw new UserError(words().dataset.noRows(source.uri));
    mapping.check();
    this.counts.rows += rows;
  }

  finish(): PreparedData {
    const groups = this.near.groups();
    this.inspector?.addGroups(groups);
    const { splits, leaks } = divideRows(
      this.rows.map(({ digest, declared }, row) => ({ digest, declared, group: groups[row]! })),
      this.config.split ?? ALL_TRAIN,
    );
    const train: Example[][] = this.weights.map(() => []);
    const held = { validation: [] as Example[], test: [] as Example[] };
    for (const [position, row] of this.rows.entries()) {
      const split = splits[position]!;
      const target = split === 'train' ? train[row.source]! : held[split];
      target.push(...row.examples);
    }
    const trained = train.flat();
    if (trained.length === 0)
      throw nothingToTrain(
        this.counts.rows,
        { validation: held.validation.length, test: held.test.length },
        this.rejected,
      );
    const placeOf = (position: number) => this.rows[position]!.examples[0]?.place ?? '';
    return {
      train: train
        .map((examples, source) => ({ examples, weight: this.weights[source]! }))
        .filter(({ examples }) => examples.length > 0),
      ...held,
      padId: this.tokenizer.padId,
      stopIds: [...this.stopIds],
      report: {
        ...this.counts,
        ...(this.firstMisread === undefined ? {} : { firstMisread: this.firstMisread }),
        ...this.rejected.counts,
        nearDuplicates: groups.reduce((count, group, row) => count + (group === row ? 0 : 1), 0),
        leaked: leaks.length,
        leaks: leaks
          .slice(0, NAMED_ROWS)
          .map((leak) => ({ place: placeOf(leak.heldOut), trainedAt: placeOf(leak.train) })),
        rejections: this.rejected.first,
        ...(this.rejected.firstInvalid === undefined ? {} : { firstInvalid: this.rejected.firstInvalid }),
        reasons: this.rejected.reasons,
        unusedFields: this.unused.byField,
        notes: this.notes,
        scripts: this.scripts,
        lengths: lengthHistogram(trained),
        splits: {
          train: summarizeSplit(trained),
          validation: summarizeSplit(held.validation),
          test: summarizeSplit(held.test),
        },
      },
    };
  }

  /** The row by the fields of the formats; undefined, when it is rejected. */
  private mappedRow(mapping: ColumnMapping, row: Row, place: string, isFirst: boolean): Row | undefined {
    try {
      return mapping.apply(row);
    } catch (error) {
      if (!(error instanceof RowError)) throw error;
      if (isFirst) throw new UserError(`${place}: ${error.message}.`);
      this.reject('invalid', place, error.message);
      return undefined;
    }
  }

  private addRow({ format, row, place, declared, isFirst }: ReadRow): void {
    this.unused.add(unusedFields(row, format));
    try {
      refuseOtherTasks(row, place, format);
      for (const conversation of format.read(row)) this.addConversation(conversation, place, declared);
    } catch (error) {
      // The stack ends before a value that is nested a hundred thousand deep does.
      const isTooDeep = error instanceof RangeError;
      if (!(error instanceof RowError || error instanceof UnmaskableError || isTooDeep)) throw error;
      if (isFirst && error instanceof AmbiguousColumns) throw new UserError(`${place}: ${error.message}.`);
      this.reject('invalid', place, isTooDeep ? 'it is nested too deeply' : error.message);
    }
  }

  private addConversation(conversation: Conversation, place: string, declared: SplitName | undefined): void {
    const content = contentOf(conversation);
    const digest = digestOf(content);
    if (this.config.clean?.dedupe && this.seen.has(digest)) {
      this.reject('duplicates', place, 'the same words came before');
      return;
    }
    const encoded = encodeConversation(conversation, place, this.encoding);
    this.seen.add(digest);
    this.counts.truncated += encoded.truncated;
    if (encoded.examples.length === 0) {
      const limit = `dataset.maxLength = ${this.config.maxLength} tokens`;
      this.reject('tooLong', place, `nothing to train within ${limit}`);
      return;
    }
    const examples = encoded.examples
      .filter((example) => this.hasFittingLength(example))
      .map((example) => this.store.keep(example));
    if (examples.length === 0) return;
    if (content.includes(REPLACEMENT)) this.counts.damaged++;
    const text = wordsOf(conversation);
    const script = scriptOf(text);
    this.scripts[script] = (this.scripts[script] ?? 0) + 1;
    const isMisread = looksMisread(text);
    if (isMisread) {
      this.counts.misread++;
      this.firstMisread ??= { place, text: excerptOf(text) };
    }
    this.inspector?.add({ conversation, place, script, isMisread, examples, cutFrom: encoded.cutFrom });
    // One text for each row, so that both are numbered alike.
    this.near.add(content);
    this.rows.push({
      source: this.weights.length - 1,
      examples,
      digest,
      declared,
    });
    if (encoded.endOfTurn !== undefined) this.stopIds.add(encoded.endOfTurn);
  }

  private hasFittingLength({ inputIds: { length }, place }: Example): boolean {
    const { minTokens = 0, maxTokens = 0 } = this.config.clean ?? {};
    if (length < minTokens) {
      this.reject(
        'tooShort',
        place,
        `${length} tokens are fewer than dataset.clean.minTokens = ${minTokens}`,
      );
      return false;
    }
    if (maxTokens > 0 && length > maxTokens) {
      this.reject('tooLong', place, `${length} tokens are more than dataset.clean.maxTokens = ${maxTokens}`);
      return false;
    }
    return true;
  }

  private reject(kind: RejectionKind, place: string, reason: string): void {
    this.rejected.add(kind, place, reason);
  }
}

/** The date that templates write. @throws UserError when it is none */
function runDate({ date }: DatasetConfig): Date {
  const value = date ? new Date(date) : new Date();
  if (Number.isNaN(value.getTime()))
    throw new UserError(`dataset.date "${date}" is no date in the form of RFC 3339.`);
  return value;
}

function isDisjoint(fields: ReadonlySet<string>, row: Row): boolean {
  const names = Object.keys(row);
  return names.length > 0 && names.every((name) => !fields.has(name));
}

/** What stands for a character that could not be decoded. */
const REPLACEMENT = '\uFFFD';

const ALL_TRAIN = { train: 1, validation: 0, test: 0, seed: 0 };
