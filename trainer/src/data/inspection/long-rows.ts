import type { PreparedData } from '../prepared-data.js';
import type { Tokenizer } from '../tokenizer.js';
import { excerptOf } from './excerpt.js';
import { Finder } from './finder.js';
import type { Found, LongRow } from './findings.js';

/** Tokens whose text is shown. */
const SHOWN_TOKENS = 100;

/** The examples that have more tokens than the model has positions. @param positions undefined = not known, so none is too long */
export function longRowsOf(
  { train, validation, test }: PreparedData,
  positions: number | undefined,
  tokenizer: Tokenizer,
): Found<LongRow> {
  const found = new Finder<LongRow>();
  if (positions === undefined) return found;
  const examples = [...train.flatMap((source) => source.examples), ...validation, ...test];
  for (const { inputIds, place } of examples)
    if (inputIds.length > positions)
      found.add(() => ({
        place,
        tokens: inputIds.length,
        text: excerptOf(tokenizer.decode(inputIds.subarray(0, SHOWN_TOKENS))),
      }));
  return found;
}
