import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { UserError } from '../errors.js';

const LINE_FEED = 0x0a;

/**
 * Bytes as UTF-8 text without a byte order mark. Bytes that are none never become replacement characters.
 * @param place how a complaint calls the bytes
 * @throws UserError with the line
 */
export function decodeUtf8(bytes: Uint8Array, place: string): string {
  if (isUtf8(bytes)) return new TextDecoder().decode(bytes);
  throw new UserError(`${place}:${firstBadLine(bytes)} is not UTF-8 text: save it as UTF-8.`);
}

/** The text of a file, as {@link decodeUtf8}. */
export function readUtf8File(path: string): string {
  return decodeUtf8(readFileSync(path), path);
}

/** The first line (from 1) with bytes that are not UTF-8. */
export function firstBadLine(bytes: Uint8Array): number {
  let line = 1;
  for (let begin = 0; begin < bytes.length; line++) {
    const feed = bytes.indexOf(LINE_FEED, begin);
    const end = feed === -1 ? bytes.length : feed + 1;
    if (!isUtf8(bytes.subarray(begin, end))) break;
    begin = end;
  }
  return line;
}
