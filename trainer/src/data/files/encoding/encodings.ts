import { UserError } from '../../../errors.js';

/** What `dataset.encoding` may name, beside auto; as TextDecoder calls them. */
export const ENCODINGS: readonly string[] = [
  'utf-8',
  'utf-16le',
  'utf-16be',
  'gb18030',
  'gbk',
  'big5',
  'shift_jis',
  'euc-jp',
  'euc-kr',
  'windows-1250',
  'windows-1251',
  'windows-1252',
  'iso-8859-1',
  'iso-8859-2',
  'iso-8859-15',
  'koi8-r',
];

/** The encoding that a job asks for; undefined = to be found out. @throws UserError that lists the names */
export function askedEncoding(name: string): string | undefined {
  // A configuration of an earlier version has none.
  if (!name || name === 'auto') return undefined;
  if (ENCODINGS.includes(name)) return name;
  throw new UserError(`dataset.encoding "${name}" is unknown; use auto or one of ${ENCODINGS.join(', ')}.`);
}
