import { StringDecoder } from 'node:string_decoder';
import { UserError } from '../../../errors.js';
import { findEncoding } from './find-encoding.js';
import { readBytes } from './read-bytes.js';

export interface ReadOptions {
  /** Encoding of text files; undefined = found out. */
  readonly encoding: string | undefined;
  /** Hears what is not as usual and yet goes on. */
  readonly note: (message: string) => void;
  /** Sheet of a workbook, by its name or its number from 1; undefined = the first that is not hidden. */
  readonly sheet?: string | undefined;
  /** The columns that the job names. */
  readonly columns?: readonly string[];
  /** The job asks for running text, so that no table is looked for in it. */
  readonly isRunningText?: boolean;
}

/**
 * The text of a file piece by piece, without a byte order mark. Not one byte is replaced.
 * @throws UserError with the line, when the bytes are not in the encoding
 */
export async function* readText(
  path: string,
  { encoding: asked, note }: ReadOptions,
): AsyncGenerator<string> {
  const { name, because } = await findEncoding(path, asked);
  if (because !== undefined) note(`${path} is read as ${name.toUpperCase()} and not as UTF-8: ${because}`);
  // That it is UTF-8 is known, and this decoder is the faster one.
  const pieces = name === 'utf-8' ? decodeUtf8Pieces(path) : decodeStrictly(path, name);
  let isFirst = true;
  for await (const piece of pieces) {
    const text = isFirst ? piece.replace(/^\uFEFF/, '') : piece;
    if (piece !== '') isFirst = false;
    if (text !== '') yield text;
  }
}

async function* decodeUtf8Pieces(path: string): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  for await (const piece of readBytes(path)) yield decoder.write(piece);
}

async function* decodeStrictly(path: string, name: string): AsyncGenerator<string> {
  const decoder = new TextDecoder(name, { fatal: true, ignoreBOM: true });
  let line = 1;
  const decode = (piece: Buffer | undefined): string => {
    try {
      return piece === undefined ? decoder.decode() : decoder.decode(piece, { stream: true });
    } catch {
      const before = new TextDecoder(name).decode(piece ?? Buffer.alloc(0)).split('\uFFFD', 1)[0] ?? '';
      throw new UserError(
        `${path}:${line + feedsIn(before)} is not ${name.toUpperCase()} text: name the encoding of the file in dataset.encoding, or save it as UTF-8.`,
      );
    }
  };
  for await (const piece of readBytes(path)) {
    const text = decode(piece);
    yield text;
    line += feedsIn(text);
  }
  yield decode(undefined);
}

function feedsIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
