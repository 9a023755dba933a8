import { SaxesParser } from 'saxes';
import { messageOf } from '../../failure.js';
import { damagedWorkbook, type ZipParts } from './zip-parts.js';

/** What happens in an XML text; names are without their prefix. */
export interface XmlHandlers {
  open?(name: string, attributes: Readonly<Record<string, string>>): void;
  text?(text: string): void;
  close?(name: string): void;
}

/** An Office file and its name in messages. */
export interface Office {
  readonly path: string;
  readonly parts: ZipParts;
}

/**
 * Reads a part once, as a stream; a pause after each piece lets the caller take what the handlers have gathered.
 * @throws UserError when it is no well-formed XML, or declares entities of its own
 */
export async function* readXml(
  { path, parts }: Office,
  name: string,
  handlers: XmlHandlers,
): AsyncGenerator<void> {
  const wrong = (why: string) => damagedWorkbook(path, `${name}: ${why}`);
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw wrong(messageOf(error));
  });
  parser.on('doctype', () => {
    throw wrong('it has a document type, as no workbook has');
  });
  parser.on('opentag', ({ name: tag, attributes }) =>
    handlers.open?.(localName(tag), localNames(attributes)),
  );
  parser.on('closetag', ({ name: tag }) => handlers.close?.(localName(tag)));
  parser.on('text', (text) => handlers.text?.(text));
  parser.on('cdata', (text) => handlers.text?.(text));
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (piece?: Buffer): string => {
    try {
      return piece === undefined ? decoder.decode() : decoder.decode(piece, { stream: true });
    } catch {
      throw wrong('it is not UTF-8 text');
    }
  };
  for await (const piece of parts.read(name)) {
    parser.write(decode(piece));
    yield;
  }
  parser.write(decode());
  parser.close();
  yield;
}

/** Reads a part to its end. */
export async function readWholeXml(office: Office, name: string, handlers: XmlHandlers): Promise<void> {
  for await (const _ of readXml(office, name, handlers));
}

const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

function localNames(attributes: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const name in attributes)
    if (name.includes(':'))
      return Object.fromEntries(Object.entries(attributes).map(([key, value]) => [localName(key), value]));
  return attributes;
}
