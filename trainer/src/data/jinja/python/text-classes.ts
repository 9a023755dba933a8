/** Digits of Python's `isdigit` that are not decimal: superscripts, digits in circles and the like. */
const SPECIAL_DIGITS =
  '\\u{b2}\\u{b3}\\u{b9}\\u{1369}-\\u{1371}\\u{19da}\\u{2070}\\u{2074}-\\u{2079}\\u{2080}-\\u{2089}\\u{2460}-\\u{2468}\\u{2474}-\\u{247c}\\u{2488}-\\u{2490}\\u{24ea}\\u{24f5}-\\u{24fd}\\u{24ff}\\u{2776}-\\u{277e}\\u{2780}-\\u{2788}\\u{278a}-\\u{2792}\\u{10a40}-\\u{10a43}\\u{10e60}-\\u{10e68}\\u{11052}-\\u{1105a}\\u{1f100}-\\u{1f10a}';
/** Ideographs that stand for a number. */
const NUMERALS =
  '㐅㒃㠪㭍一七万三九二五亖亿什仟仨伍佰億兆兩八六十千卄卅卌叁参參叄四壱壹幺廾廿弌弍弎弐拾捌柒漆玖百肆萬貮貳贰阡陆陌陸零\\u{f96b}\\u{f973}\\u{f978}\\u{f9b2}\\u{f9d1}\\u{f9d3}\\u{f9fd}\\u{20001}\\u{20064}\\u{200e2}\\u{20121}\\u{2092a}\\u{20983}\\u{2098c}\\u{2099c}\\u{20aea}\\u{20afd}\\u{20b19}\\u{22390}\\u{22998}\\u{23b1b}\\u{2626d}\\u{2f890}';

const all = (characters: string): RegExp => new RegExp(`^[${characters}]+$`, 'u');

const CASED = /[\p{Uppercase}\p{Lowercase}\p{Lt}]/u;
const UPPER = /\p{Uppercase}/u;
const LOWER = /\p{Lowercase}/u;
const TITLE = /\p{Lt}/u;

const DECIMAL = all('\\p{Nd}');
const DIGIT = all(`\\p{Nd}${SPECIAL_DIGITS}`);
const NUMERIC = all(`\\p{N}${NUMERALS}`);
const ALPHA = all('\\p{L}');
const ALNUM = all('\\p{L}\\p{N}');

export const isDecimal = (text: string): boolean => DECIMAL.test(text);
export const isDigit = (text: string): boolean => DIGIT.test(text);
export const isNumeric = (text: string): boolean => NUMERIC.test(text);
export const isAlpha = (text: string): boolean => ALPHA.test(text);
export const isAlnum = (text: string): boolean => ALNUM.test(text);
export const isAscii = (text: string): boolean => /^[\0-\x7f]*$/.test(text);
export const isIdentifier = (text: string): boolean => /^[\p{XID_Start}_]\p{XID_Continue}*$/u.test(text);
export const isPrintable = (text: string): boolean => !/[\p{C}\p{Z}]/u.test(text.replaceAll(' ', ''));

export function isUpper(text: string): boolean {
  return UPPER.test(text) && !LOWER.test(text) && !TITLE.test(text);
}

export function isLower(text: string): boolean {
  return LOWER.test(text) && !UPPER.test(text) && !TITLE.test(text);
}

/** Whether capitals begin the words and stand nowhere else. */
export function isTitle(text: string): boolean {
  let [isInWord, hasWord] = [false, false];
  for (const character of text) {
    const isCapital = UPPER.test(character) || TITLE.test(character);
    if (isCapital ? isInWord : LOWER.test(character) && !isInWord) return false;
    isInWord = isCapital || LOWER.test(character);
    hasWord ||= isInWord;
  }
  return hasWord;
}

/** Python's `title`: every letter behind none becomes a capital. */
export function titleText(text: string): string {
  const small = smallLetters(text);
  let isInWord = false;
  let result = '';
  for (const [at, character] of Array.from(text).entries()) {
    result += isInWord ? small[at] : titleCase(character);
    isInWord = CASED.test(character);
  }
  return result;
}

/** The small letter of each character: that of a sigma depends on the letters around it. */
function smallLetters(text: string): string[] {
  // "İ" is the one letter whose small one has two characters.
  const inContext = Array.from(text.replaceAll('İ', 'I').toLowerCase());
  return Array.from(text, (character, at) => (character === 'İ' ? 'i̇' : inContext[at]!));
}

export function capitalized(text: string): string {
  if (text === '') return '';
  return titleCase(String.fromCodePoint(text.codePointAt(0) ?? 0)) + smallLetters(text).slice(1).join('');
}

export function swapCase(text: string): string {
  const small = smallLetters(text);
  return Array.from(text, (character, at) => {
    if (UPPER.test(character)) return small[at];
    return LOWER.test(character) ? character.toUpperCase() : character;
  }).join('');
}

/** The capital of a letter at the begin of a word: that of a digraph has one capital and one small letter. */
export function titleCase(character: string): string {
  const digraph = /^(?:[\u01c4-\u01cc]|[\u01f1-\u01f3])$/.test(character);
  if (digraph) {
    const base = character >= '\u01f1' ? 0x1f1 : 0x1c4;
    return String.fromCharCode(base + Math.floor((character.charCodeAt(0) - base) / 3) * 3 + 1);
  }
  if (/^[\u10d0-\u10ff]$/.test(character)) return character;
  const upper = character.toUpperCase();
  if (upper.length === character.length || character === '\u0149') return upper;
  const [letter = '', ...marks] = Array.from(character.normalize('NFD'));
  const title = letter.toUpperCase() + marks.join('');
  // Unicode composes all of these but those with a circumflex.
  if (marks.includes('\u0345'))
    return marks.includes('\u0342') && marks.length === 2 ? title : title.normalize('NFC');
  const [first = '', ...rest] = Array.from(upper);
  return first + rest.join('').toLowerCase();
}

/** Python's `casefold`. */
export function caseFolded(text: string): string {
  return Array.from(text, (character) => {
    if (/[\u13a0-\u13fd\uab70-\uabbf]/.test(character)) return character.toUpperCase();
    if (character === '\u0131') return character;
    return character.toUpperCase().toLowerCase().replaceAll('ς', 'σ').replaceAll('ß', 'ss');
  }).join('');
}
