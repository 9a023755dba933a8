import type { Tokenizer as Pipeline } from '@huggingface/tokenizers';

const WORD = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]/u;
const SPLITTERS = ['splitter_unnormalized', 'splitter_normalized'] as const;

interface Splitter {
  split: (text: string) => string[];
}

/** The library finds tokens with `single_word` within words as well: there they are put back into the text around them. */
export function keepSingleWords(pipeline: Pipeline): void {
  const contents = [...pipeline.get_added_tokens_decoder().values()]
    .filter((token) => token.single_word)
    .flatMap((token) => [token.content, String(pipeline.normalizer?.(token.content) ?? token.content)]);
  if (contents.length === 0) return;
  const single = new Set(contents);
  for (const name of SPLITTERS) {
    const splitter: unknown = Reflect.get(pipeline, name);
    if (!isSplitter(splitter)) continue;
    const split = splitter.split.bind(splitter);
    splitter.split = (text) => withoutPartsOfWords(split(text), single);
  }
}

/** @param single contents that are tokens only where no letter or digit stands beside them */
export function withoutPartsOfWords(sections: readonly string[], single: ReadonlySet<string>): string[] {
  const result: string[] = [];
  let isText = false;
  for (const [index, section] of sections.entries()) {
    const isPart =
      single.has(section) &&
      (WORD.test(lastOf(sections[index - 1])) || WORD.test(firstOf(sections[index + 1])));
    if (isPart || isText) result.push((result.pop() ?? '') + section);
    else result.push(section);
    // What follows a part of a word is the rest of its text.
    isText = isPart;
  }
  return result;
}

function firstOf(text = ''): string {
  return String.fromCodePoint(text.codePointAt(0) ?? 0x20);
}

function lastOf(text = ''): string {
  return Array.from(text.slice(-2)).at(-1) ?? ' ';
}

function isSplitter(value: unknown): value is Splitter {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'split') === 'function';
}
