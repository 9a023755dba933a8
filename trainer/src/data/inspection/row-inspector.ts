import { wordsOf, type Conversation } from '../conversation.js';
import type { Example } from '../encode-conversation.js';
import type { Script } from '../script-of.js';
import type { Tokenizer } from '../tokenizer.js';
import { Questions, questionOf } from './contradictions.js';
import { excerptOf } from './excerpt.js';
import {
  MOST_FOUND,
  type Contradiction,
  type DataFindings,
  type LongRow,
  type PersonalRow,
  type RowPair,
  type SeenRow,
  type ShownRow,
} from './findings.js';
import { Finder } from './finder.js';
import { KeptTexts } from './kept-texts.js';
import { maskPersonalData, personalDataIn, type PersonalDatum, type PersonalKind } from './personal-data.js';
import { seenRow } from './seen-row.js';
import { TokenDensity } from './tokens-per-character.js';

/** A row that is kept, as the collector has read it. */
export interface InspectedRow {
  readonly conversation: Conversation;
  readonly place: string;
  readonly script: Script;
  /** Its bytes seem to have been read in a wrong encoding. */
  readonly isMisread: boolean;
  readonly examples: readonly Example[];
  /** Tokens of an example that is cut, before it is cut. */
  readonly cutFrom: number | undefined;
}

/** A script of at most this share of the rows is another one than that of the data. */
const SELDOM = 0.25;

/** Looks at the rows as they are read and keeps what a report shows of them. It sees each row once. */
export class RowInspector {
  private readonly texts = new KeptTexts();
  private readonly answers = new KeptTexts();
  private readonly places: string[] = [];
  private readonly scripts = new Map<Script, Finder<ShownRow & { script: Script }>>();
  private readonly questions = new Questions();
  private readonly density: TokenDensity;
  private readonly contradictions = new Finder<Contradiction>();
  private readonly cut = new Finder<LongRow>();
  private readonly personal = new Finder<PersonalRow>();
  private readonly personalRows: Record<PersonalKind, number> = {
    mobile: 0,
    identity: 0,
    bankCard: 0,
    email: 0,
  };
  private readonly misread = new Finder<ShownRow>();
  private readonly pairs = new Finder<RowPair>();
  private seen: SeenRow | undefined;

  constructor(private readonly tokenizer: Tokenizer) {
    this.density = new TokenDensity(tokenizer);
  }

  add({ conversation, place, script, isMisread, examples, cutFrom }: InspectedRow): void {
    const row = this.places.push(place) - 1;
    const text = wordsOf(conversation);
    this.texts.add(text);
    this.density.add(text);
    const shown = (): ShownRow => ({ place, text: excerptOf(text) });
    const [first] = examples;
    if (first !== undefined) this.seen ??= seenRow(first, this.tokenizer);
    if (cutFrom !== undefined) this.cut.add(() => ({ ...shown(), tokens: cutFrom }));
    if (isMisread) this.misread.add(shown);
    const finder = this.scripts.get(script) ?? new Finder();
    this.scripts.set(script, finder);
    finder.add(() => ({ ...shown(), script }));
    this.findPersonal(text, place);
    this.compareAnswers(conversation, row);
  }

  /** @param groups the group of each row, named by its first row */
  addGroups(groups: Uint32Array): void {
    for (const [row, group] of groups.entries())
      if (group !== row)
        this.pairs.add(() => ({ first: this.shownWhole(group), second: this.shownWhole(row) }));
  }

  findings(): DataFindings {
    const byRows = [...this.scripts].sort(([, a], [, b]) => b.rows - a.rows);
    const [usual] = byRows[0] ?? [];
    // What a quarter of the rows is written in is no mistake.
    const others = byRows.slice(1).filter(([, { rows }]) => rows <= this.places.length * SELDOM);
    return {
      ...(this.seen === undefined ? {} : { seen: this.seen }),
      nearDuplicates: this.pairs,
      contradictions: this.contradictions,
      cut: this.cut,
      otherScripts: {
        rows: others.reduce((sum, [, { rows }]) => sum + rows, 0),
        first: others.flatMap(([, { first }]) => first).slice(0, MOST_FOUND),
      },
      usualScript: usual,
      personal: this.personal,
      personalRows: this.personalRows,
      misread: this.misread,
      tokensPerCharacter: this.density.tokensPerCharacter,
      isPoorTokenizer: this.density.isPoor,
    };
  }

  private shownWhole(row: number): ShownRow {
    return { place: this.places[row] ?? '', text: maskPersonalData(this.texts.get(row)) };
  }

  private findPersonal(text: string, place: string): void {
    const byKind = new Map<PersonalKind, PersonalDatum>();
    for (const datum of personalDataIn(text)) if (!byKind.has(datum.kind)) byKind.set(datum.kind, datum);
    if (byKind.size === 0) return;
    for (const kind of byKind.keys()) this.personalRows[kind]++;
    this.personal.add(() => ({ place, data: [...byKind.values()] }));
  }

  private compareAnswers(conversation: Conversation, row: number): void {
    const asked = questionOf(conversation);
    this.answers.add(asked === undefined ? '' : asked.answer);
    if (asked === undefined) return;
    const before = this.questions.add(asked, row);
    if (before === undefined) return;
    this.contradictions.add(() => ({
      question: excerptOf(asked.question),
      answers: [
        { place: this.places[before] ?? '', text: excerptOf(this.answers.get(before)) },
        { place: this.places[row] ?? '', text: excerptOf(asked.answer) },
      ],
    }));
  }
}
