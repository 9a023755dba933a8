/** Writing systems that are told apart, in the order in which they are tried on equal counts. */
const SCRIPTS = [
  ['Latin', /\p{Script=Latin}/gu],
  ['Han', /\p{Script=Han}/gu],
  ['Kana', /[\p{Script=Hiragana}\p{Script=Katakana}]/gu],
  ['Hangul', /\p{Script=Hangul}/gu],
  ['Cyrillic', /\p{Script=Cyrillic}/gu],
  ['Arabic', /\p{Script=Arabic}/gu],
  ['Devanagari', /\p{Script=Devanagari}/gu],
  ['Greek', /\p{Script=Greek}/gu],
  ['Hebrew', /\p{Script=Hebrew}/gu],
  ['Thai', /\p{Script=Thai}/gu],
] as const;

export type Script = (typeof SCRIPTS)[number][0] | 'Other';

/** A word written with an alphabet has about this many letters; one in Chinese about two characters. */
const LETTERS_OF_A_WORD = 5;
const HAN_OF_A_WORD = 2;
/** Characters looked at: enough to tell, and bounded for long rows. */
const SAMPLE = 2000;

/** The script that most words of a text are written in. */
export function scriptOf(text: string): Script {
  const sample = text.slice(0, SAMPLE);
  let best: Script = 'Other';
  let most = 0;
  for (const [script, pattern] of SCRIPTS) {
    const characters = sample.match(pattern)?.length ?? 0;
    const words = characters / (script === 'Han' ? HAN_OF_A_WORD : LETTERS_OF_A_WORD);
    if (words > most) {
      most = words;
      best = script;
    }
  }
  return best;
}
