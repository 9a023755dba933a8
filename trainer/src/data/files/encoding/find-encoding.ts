import { isUtf8 } from 'node:buffer';
import { UserError } from '../../../errors.js';
import { firstBadLine, notTheFile } from '../../../support/index.js';
import { hanShareOf, isChinese } from './common-han.js';
import { guessEncoding } from './guess-encoding.js';
import { readBytes } from './read-bytes.js';

/** How the bytes of a file become text. */
export interface FoundEncoding {
  /** As TextDecoder calls it. */
  readonly name: string;
  /** Why it is another one than UTF-8, to be said aloud. */
  readonly because?: string;
}

const HEAD_BYTES = 64 * 1024;
const LINE_FEED = 0x0a;

/**
 * The encoding of a text file: what its byte order mark says, else the one that is asked for, else what its bytes prove. UTF-8 is
 * proven over the whole file, so that no row is read before.
 * @param asked undefined = to be found out
 * @throws UserError with the line, when the encoding is not certain
 */
export async function findEncoding(path: string, asked: string | undefined): Promise<FoundEncoding> {
  const head = await firstBytes(path);
  const other = notTheFile(head) ?? binaryKind(head);
  if (other !== undefined) throw new UserError(`${path} ${other}.`);
  const marked = byteOrderMark(head, path);
  if (marked !== undefined && marked !== 'utf-8')
    return { name: marked, because: 'its byte order mark says so' };
  if (asked !== undefined && asked !== 'utf-8' && marked === undefined) return { name: asked };
  const wide = asked === undefined ? wideEncoding(head) : undefined;
  if (wide !== undefined) return { name: wide, because: 'every other byte of its Latin letters is 0' };
  if (head.includes(0)) throw new UserError(`${path} is not a text file: it holds zero bytes.`);
  const bad = await firstLineThatIsNotUtf8(path);
  if (bad === undefined) return { name: 'utf-8' };
  if (asked === undefined && marked === undefined && (await isUnmistakablyChinese(path)))
    return {
      name: 'gb18030',
      because: 'read so, it is Chinese; another encoding may be named in dataset.encoding',
    };
  throw new UserError(
    `${path}:${bad.line} is not UTF-8 text${guess(bad.sample)}: save the file as UTF-8, or name its encoding in dataset.encoding.`,
  );
}

async function firstBytes(path: string): Promise<Buffer> {
  for await (const piece of readBytes(path)) return piece.subarray(0, HEAD_BYTES);
  return Buffer.alloc(0);
}

function byteOrderMark(head: Buffer, path: string): string | undefined {
  const hex = head.subarray(0, 4).toString('hex');
  if (hex === 'fffe0000' || hex === '0000feff')
    throw new UserError(`${path}:1 is UTF-32 text, which is not read: save the file as UTF-8.`);
  if (hex.startsWith('efbbbf')) return 'utf-8';
  if (hex.startsWith('fffe')) return 'utf-16le';
  return hex.startsWith('feff') ? 'utf-16be' : undefined;
}

/** Files of other programs that are renamed now and then. */
const MAGIC: readonly (readonly [string, string])[] = [
  ['504b0304', 'is a ZIP archive or an Excel workbook: unpack it, or let its name end with .xlsx'],
  ['50415231', 'is a Parquet file: let its name end with .parquet'],
  ['28b52ffd', 'is compressed with zstd: unpack it, or compress it with gzip'],
  ['425a68', 'is compressed with bzip2: unpack it, or compress it with gzip'],
  ['fd377a58', 'is compressed with xz: unpack it, or compress it with gzip'],
  ['d0cf11e0', 'is an old Excel workbook: save it as .xlsx or as CSV UTF-8'],
  ['25504446', 'is a PDF: extract its text first'],
];

function binaryKind(head: Buffer): string | undefined {
  const hex = head.subarray(0, 4).toString('hex');
  return MAGIC.find(([magic]) => hex.startsWith(magic))?.[1];
}

/** UTF-16 without a mark: the syntax of every format is ASCII, so one half of the bytes holds many zeros and the other none. */
function wideEncoding(head: Buffer): string | undefined {
  const zeros = [0, 0];
  for (const [index, byte] of head.entries()) if (byte === 0) zeros[index % 2]!++;
  const [even = 0, odd = 0] = zeros;
  const many = Math.max(2, head.length / 50);
  if (odd >= many && even === 0) return 'utf-16le';
  return even >= many && odd === 0 ? 'utf-16be' : undefined;
}

interface BadLine {
  readonly line: number;
  readonly sample: Buffer;
}

async function firstLineThatIsNotUtf8(path: string): Promise<BadLine | undefined> {
  let line = 1;
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of readBytes(path)) {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const whole = bytes.subarray(0, bytes.length - unfinishedBytes(bytes));
    if (!isUtf8(whole)) return badLineIn(whole, line);
    line += feedsIn(whole);
    rest = bytes.subarray(whole.length);
  }
  return rest.length === 0 ? undefined : badLineIn(rest, line);
}

function badLineIn(bytes: Buffer, line: number): BadLine {
  const bad = firstBadLine(bytes);
  let begin = 0;
  for (let number = 1; number < bad; number++) begin = bytes.indexOf(LINE_FEED, begin) + 1;
  return { line: line + bad - 1, sample: bytes.subarray(begin, begin + HEAD_BYTES) };
}

/** Bytes at the end that may be the begin of a character. */
function unfinishedBytes(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? back : 0;
  }
  return 0;
}

function feedsIn(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, at + 1)) count++;
  return count;
}

/** Whether the whole file is GB18030 whose words are Chinese, and no line of it is UTF-8 that was put between. */
async function isUnmistakablyChinese(path: string): Promise<boolean> {
  const decoder = new TextDecoder('gb18030', { fatal: true });
  const sum = { han: 0, commonHan: 0, foreign: 0 };
  try {
    for await (const piece of readBytes(path)) {
      if (hasUtf8Line(piece)) return false;
      const share = hanShareOf(decoder.decode(piece, { stream: true }));
      sum.han += share.han;
      sum.commonHan += share.commonHan;
      sum.foreign += share.foreign;
    }
    decoder.decode();
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
  return isChinese(sum);
}

/** By chance, three characters of GB18030 in a row are hardly ever three characters of three bytes. */
const UTF8_PROOF = /(?:[\u00E0-\u00EF][\u0080-\u00BF]{2}){3}/;

function hasUtf8Line(bytes: Buffer): boolean {
  if (!UTF8_PROOF.test(bytes.toString('latin1'))) return false;
  for (let begin = 0; begin < bytes.length;) {
    const feed = bytes.indexOf(LINE_FEED, begin);
    const end = feed === -1 ? bytes.length : feed;
    const line = bytes.subarray(begin, end);
    if (isUtf8(line) && UTF8_PROOF.test(line.toString('latin1'))) return true;
    begin = end + 1;
  }
  return false;
}

/** ` and may be …`, when the bytes hint at something. */
function guess(sample: Buffer): string {
  const name = guessEncoding(sample);
  return name === undefined ? '' : ` and may be ${name.toUpperCase()} (dataset.encoding: ${name})`;
}
