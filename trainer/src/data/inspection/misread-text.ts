import { hanShareOf } from '../files/encoding/common-han.js';

/** Enough to tell, and bounded for long rows. */
const SAMPLE = 2000;
/** Fewer characters prove nothing. */
const LEAST_FOREIGN = 4;
const LEAST_HAN = 16;
/** Chinese of any kind has a quarter of common characters and more. */
const COMMON_SHARE = 0.08;
const KANA_SHARE = 0.15;

/** The letters and signs that the bytes of other writings become when they are read as a Western encoding. */
const WESTERN =
  /[\u0080-\u00FF\u0152\u0153\u0160\u0161\u0178\u017D\u017E\u0192\u02C6\u02DC\u2013-\u203A\u20AC\u2122]/g;
/** What U+FFFD becomes when it is read as GB18030. */
const REPLACED = /锟斤拷/;

/** Whether a text looks as if its bytes had been read in the wrong encoding: ÎÊÌâ, é—®é¢˜, 闂瓟锛. */
export function looksMisread(text: string): boolean {
  const sample = text.slice(0, SAMPLE);
  if (REPLACED.test(sample)) return true;
  const foreign = sample.match(WESTERN)?.length ?? 0;
  // No language writes most of its letters with accents.
  if (foreign >= LEAST_FOREIGN && foreign > 0.5 * sample.replaceAll(/[\s\d\p{P}]/gu, '').length)
    return sample.match(/[\u00C0-\u00FF]/g) !== null;
  const { han, commonHan } = hanShareOf(sample);
  // Japanese has few of them, and kana in each sentence.
  const kana = sample.match(/[\u3040-\u30FF]/g)?.length ?? 0;
  return han >= LEAST_HAN && commonHan < COMMON_SHARE * han && kana < KANA_SHARE * han;
}
