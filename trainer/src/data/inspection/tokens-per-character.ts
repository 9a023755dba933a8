import type { Tokenizer } from '../tokenizer.js';

/** Texts that are measured, and characters of each: enough for two digits. */
const MEASURED = 200;
const CHARACTERS = 1000;
/** Fewer characters prove nothing. */
const LEAST = 200;

/** A character of Chinese, Japanese or Korean is about a word; a tokenizer that spells it in bytes needs two or three tokens. */
const POOR_FOR_WORD_SIGNS = 1.5;
/** Letters come four to a token; above this they are spelt one by one. */
const POOR_FOR_LETTERS = 0.75;
const WORD_SIGNS = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu;

/** Measures how many tokens a tokenizer makes of a character, on the first texts. */
export class TokenDensity {
  private texts = 0;
  private tokens = 0;
  private characters = 0;
  private wordSigns = 0;

  constructor(private readonly tokenizer: Tokenizer) {}

  add(text: string): void {
    if (this.texts === MEASURED) return;
    this.texts++;
    const sample = text.slice(0, CHARACTERS).replace(/[\uD800-\uDBFF]$/, '');
    this.tokens += this.tokenizer.encode(sample).length;
    this.characters += Array.from(sample).length;
    this.wordSigns += sample.match(WORD_SIGNS)?.length ?? 0;
  }

  get tokensPerCharacter(): number | undefined {
    return this.characters === 0 ? undefined : this.tokens / this.characters;
  }

  /** The tokenizer hardly knows the language. */
  get isPoor(): boolean {
    if (this.characters < LEAST) return false;
    const share = this.wordSigns / this.characters;
    return this.tokens / this.characters > share * POOR_FOR_WORD_SIGNS + (1 - share) * POOR_FOR_LETTERS;
  }
}
