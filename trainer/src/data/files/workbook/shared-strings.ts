import { UserError } from '../../../errors.js';
import { words } from '../../../words/index.js';
import { TextCollector } from './text-collector.js';
import { readXml, type Office } from './xml-part.js';

/** All texts of a workbook lie in the memory while it is read. */
const MOST_CHARACTERS = 128 * 1024 * 1024;

/** The texts that the cells of a workbook name by number. @param name of the part */
export async function readSharedStrings(office: Office, name: string): Promise<readonly string[]> {
  const strings: string[] = [];
  const collector = new TextCollector();
  let characters = 0;
  const reading = readXml(office, name, {
    open: (tag) => collector.open(tag),
    text: (text) => {
      characters += text.length;
      collector.text(text);
    },
    close: (tag) => {
      collector.close(tag);
      if (tag === 'si') strings.push(collector.take());
    },
  });
  for await (const _ of reading)
    if (characters > MOST_CHARACTERS)
      throw new UserError(words().workbook.manyCharacters(office.path, MOST_CHARACTERS));
  return strings;
}
