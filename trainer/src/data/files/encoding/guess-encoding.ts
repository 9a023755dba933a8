import { hanShareOf } from './common-han.js';

/** An encoding, and what its texts consist of outside ASCII. */
interface Candidate {
  readonly name: string;
  /** Characters of which a share of `least` is expected. */
  readonly script: RegExp;
  readonly least: number;
}

/** The most telling first. Cyrillic by its small letters: read in the other encoding, a text is all capitals. Western accents stand alone. */
const CANDIDATES: readonly Candidate[] = [
  { name: 'euc-kr', script: /[\uAC00-\uD7A3]/g, least: 0.8 },
  { name: 'euc-jp', script: /[\u3040-\u30FF]/g, least: 0.25 },
  { name: 'shift_jis', script: /[\u3040-\u30FF]/g, least: 0.25 },
  { name: 'windows-1251', script: /[\u0430-\u044F\u0451]{2,}/g, least: 0.6 },
  { name: 'koi8-r', script: /[\u0430-\u044F\u0451]{2,}/g, least: 0.6 },
];
const WESTERN: Candidate = {
  name: 'windows-1252',
  script: /[\u00A0-\u00FF\u2010-\u203A\u20AC\u0152\u0153]/g,
  least: 0.9,
};
/** Common characters that Chinese in either script consists of. */
const CHINESE_SHARE = 0.25;

/** What the bytes of a line most likely are; undefined when nothing speaks for any encoding. */
export function guessEncoding(sample: Uint8Array): string | undefined {
  if (isChineseAs('gb18030', sample)) return 'gb18030';
  const found = CANDIDATES.find((candidate) => fits(candidate, sample));
  if (found !== undefined) return found.name;
  if (isChineseAs('big5', sample)) return 'big5';
  return fits(WESTERN, sample) ? WESTERN.name : undefined;
}

function isChineseAs(name: string, sample: Uint8Array): boolean {
  const { han, commonHan } = hanShareOf(decoded(name, sample) ?? '');
  return han > 0 && commonHan >= CHINESE_SHARE * han;
}

function fits({ name, script, least }: Candidate, sample: Uint8Array): boolean {
  const text = decoded(name, sample);
  if (text === undefined) return false;
  const foreign = text.match(/[\u0080-\uFFFF]/g)?.length ?? 0;
  return foreign > 0 && (text.match(script)?.join('').length ?? 0) >= least * foreign;
}

/** A sample may end within a character. */
function decoded(name: string, sample: Uint8Array): string | undefined {
  try {
    return new TextDecoder(name, { fatal: true }).decode(sample, { stream: true });
  } catch {
    return undefined;
  }
}
