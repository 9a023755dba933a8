export const PERSONAL_KINDS = ['mobile', 'identity', 'bankCard', 'email'] as const;

/** Data that lead to a person. */
export type PersonalKind = (typeof PERSONAL_KINDS)[number];

export interface PersonalDatum {
  readonly kind: PersonalKind;
  /** With its middle hidden. */
  readonly masked: string;
}

interface Pattern {
  readonly kind: PersonalKind;
  readonly expression: RegExp;
  readonly isOne: (found: string) => boolean;
  readonly mask: (found: string) => string;
}

const digitsOf = (text: string): string => text.replaceAll(/[^\dXx]/g, '');

/** In the order in which they are looked for: an identity number may look like the number of a card. */
const PATTERNS: readonly Pattern[] = [
  {
    kind: 'email',
    expression: /(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/g,
    isOne: () => true,
    mask: (found) => `${found.slice(0, 1)}***${found.slice(found.indexOf('@'))}`,
  },
  {
    kind: 'identity',
    expression: /(?<![0-9A-Za-z])[1-9]\d{16}[\dXx](?![0-9A-Za-z])/g,
    isOne: isIdentityNumber,
    mask: (found) => hidden(found, 6, 4),
  },
  {
    kind: 'mobile',
    expression: /(?<![\dA-Za-z])(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?![\dA-Za-z])/g,
    isOne: () => true,
    mask: (found) => hidden(digitsOf(found).slice(-11), 3, 4),
  },
  {
    kind: 'bankCard',
    expression: /(?<![\dA-Za-z])[2-6]\d{3}(?:[ -]?\d){9,15}(?![\dA-Za-z])/g,
    isOne: (found) => isCardNumber(digitsOf(found)),
    mask: (found) => hidden(digitsOf(found), 4, 4),
  },
];

/** Chinese mobile numbers, resident identity numbers, bank cards and e-mail addresses in a text. */
export function personalDataIn(text: string): readonly PersonalDatum[] {
  const found: PersonalDatum[] = [];
  replacePersonalData(text, (datum) => {
    found.push(datum);
    return '*';
  });
  return found;
}

/** The text with the middle of each of them hidden. */
export function maskPersonalData(text: string): string {
  return replacePersonalData(text, ({ masked }) => masked);
}

function replacePersonalData(text: string, replaced: (datum: PersonalDatum) => string): string {
  // Most texts have neither an address nor that many digits.
  if (!text.includes('@') && !/\d{4}/.test(text)) return text;
  return PATTERNS.reduce(
    (rest, { kind, expression, isOne, mask }) =>
      rest.replaceAll(expression, (part) => (isOne(part) ? replaced({ kind, masked: mask(part) }) : part)),
    text,
  );
}

function hidden(text: string, begin: number, end: number): string {
  return `${text.slice(0, begin)}${'*'.repeat(Math.max(4, text.length - begin - end))}${text.slice(-end)}`;
}

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** Date of birth and check digit of GB 11643. */
function isIdentityNumber(text: string): boolean {
  const [year, month, day] = [text.slice(6, 10), text.slice(10, 12), text.slice(12, 14)].map(Number);
  if (!(year! >= 1900 && year! < 2100 && month! >= 1 && month! <= 12 && day! >= 1 && day! <= 31))
    return false;
  const sum = WEIGHTS.reduce((total, weight, index) => total + weight * Number(text[index]), 0);
  return '10X98765432'[sum % 11] === text[17]?.toUpperCase();
}

/** Length, first digits and check digit (Luhn) of ISO/IEC 7812. */
function isCardNumber(digits: string): boolean {
  if (!/^(?:3[47]|4|5[1-5]|2[2-7]|6)/.test(digits) || digits.length < 15) return false;
  let sum = 0;
  for (let back = 0; back < digits.length; back++) {
    const digit = Number(digits[digits.length - 1 - back]);
    const doubled = back % 2 === 1 ? 2 * digit : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
