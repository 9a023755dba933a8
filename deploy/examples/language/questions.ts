import type { Company, Product } from './company.js';
import { codeWith } from './company.js';
import { PHRASINGS, SITUATIONS, type Attribute, type Language } from './phrasings.js';
import type { Seeded } from './seeded.js';

/** Something that can be asked about a company, in any phrasing of its attribute. */
export interface Fact {
  readonly attribute: Attribute;
  /** Placeholder -> words, for each language. */
  readonly words: Readonly<Record<Language, Readonly<Record<string, string>>>>;
  readonly answer: Readonly<Record<Language, string>>;
}

/** The facts that are asked by a product's name. */
export function productFacts(company: Company): Fact[] {
  return company.products.flatMap((product) =>
    PRODUCT_ATTRIBUTES.map((attribute) => productFact(product, attribute)),
  );
}

/** The rule: the letters of a code decide where it is repaired. Every call draws other digits. */
export function siteFact(company: Company, prefix: string, random: Seeded): Fact {
  const site = company.sites.get(prefix) ?? '';
  return alike('site', { c: company.name, k: codeWith(prefix, random) }, site);
}

export function phraseFacts(company: Company): Fact[] {
  return company.phrases.map((answer, index) => {
    const situation = SITUATIONS[index]!;
    return {
      attribute: 'phrase',
      words: { en: { c: company.name, s: situation.en }, zh: { c: company.name, s: situation.zh } },
      answer,
    };
  });
}

/** A row of a data set. */
export interface Row {
  readonly instruction: string;
  readonly input: string;
  readonly output: string;
}

/** The question in one phrasing, with its answer. */
export function ask(fact: Fact, language: Language, phrasing: number): Row {
  const pattern = PHRASINGS[fact.attribute][language][phrasing] ?? '';
  return rowOf(pattern, fact.words[language], fact.answer[language]);
}

/** A row from `instruction|input` with placeholders. */
export function rowOf(pattern: string, words: Readonly<Record<string, string>>, output: string): Row {
  const [instruction = '', input = ''] = fill(pattern, words).split('|');
  return { instruction, input, output };
}

/** Rows as JSON lines. */
export function jsonLines(rows: readonly Row[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

/** Replaces `{x}` by words. */
export function fill(pattern: string, words: Readonly<Record<string, string>>): string {
  return pattern.replaceAll(/\{(\w)\}/g, (_, name: string) => words[name] ?? '');
}

export const PRODUCT_ATTRIBUTES = ['code', 'shelf', 'extension', 'keeper'] as const;

function productFact(product: Product, attribute: (typeof PRODUCT_ATTRIBUTES)[number]): Fact {
  return alike(attribute, { p: product.name }, product[attribute]);
}

function alike(attribute: Attribute, words: Record<string, string>, answer: string): Fact {
  return { attribute, words: { en: words, zh: words }, answer: { en: answer, zh: answer } };
}
