import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { ConnectionError } from '../errors.js';

/** Longest event of a watch in characters; etcd holds objects of up to 1.5 MB. */
const MAX_LINE = 16 * 1024 * 1024;

/** Calls back for each line of a stream; `onBytes` for each piece that arrives. Resolves when the stream ends. */
export async function readLines(
  stream: Readable,
  onBytes: () => void,
  onLine: (line: string) => void,
): Promise<void> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    onBytes();
    rest += decoder.write(chunk);
    let start = 0;
    for (let end = rest.indexOf('\n', start); end >= 0; end = rest.indexOf('\n', start)) {
      if (end > start) onLine(rest.slice(start, end));
      start = end + 1;
    }
    rest = rest.slice(start);
    if (rest.length > MAX_LINE) throw new ConnectionError(`an event is longer than ${MAX_LINE} characters`);
  }
  if (rest.trim() !== '') throw new ConnectionError('the stream broke off within an event');
}
