import type { Script } from '../script-of.js';
import type { PersonalDatum, PersonalKind } from './personal-data.js';

/** Something found in the rows: how often, and the first of them. */
export interface Found<T> {
  readonly rows: number;
  readonly first: readonly T[];
}

export interface ShownRow {
  readonly place: string;
  /** Its begin, with personal data hidden. */
  readonly text: string;
}

/** Two rows that are nearly the same. */
export interface RowPair {
  readonly first: ShownRow;
  readonly second: ShownRow;
}

/** One question with several answers. */
export interface Contradiction {
  readonly question: string;
  readonly answers: readonly [ShownRow, ShownRow];
}

export interface LongRow {
  readonly place: string;
  readonly tokens: number;
  readonly text: string;
}

export interface PersonalRow {
  readonly place: string;
  /** The first of each kind. */
  readonly data: readonly PersonalDatum[];
}

/** A stretch of an example as the model reads it. */
export interface SeenPart {
  readonly text: string;
  readonly trained: boolean;
}

export interface SeenRow {
  readonly place: string;
  readonly parts: readonly SeenPart[];
}

/** What a report shows of the rows, beside its counts. The texts are cut, and personal data in them hidden. */
export interface DataFindings {
  /** The first example, as the model sees it. */
  readonly seen?: SeenRow;
  readonly nearDuplicates: Found<RowPair>;
  readonly contradictions: Found<Contradiction>;
  readonly cut: Found<LongRow>;
  /** Rows in another script than most. */
  readonly otherScripts: Found<ShownRow & { readonly script: Script }>;
  readonly usualScript: Script | undefined;
  readonly personal: Found<PersonalRow>;
  readonly personalRows: Readonly<Record<PersonalKind, number>>;
  /** Rows whose bytes seem to have been read in a wrong encoding. */
  readonly misread: Found<ShownRow>;
  /** How well the tokenizer knows the language; undefined = there is no text. */
  readonly tokensPerCharacter: number | undefined;
  readonly isPoorTokenizer: boolean;
}

/** How many places a report holds of each finding. */
export const MOST_FOUND = 100;
