import { posix } from 'node:path';
import { UserError } from '../../../errors.js';
import { words } from '../../../words/index.js';
import { readWholeXml, type Office } from './xml-part.js';
import { damagedWorkbook } from './zip-parts.js';

export interface Sheet {
  readonly name: string;
  /** Its part in the file. */
  readonly part: string;
  readonly isHidden: boolean;
}

/** What a workbook holds. */
export interface Workbook {
  /** Tables only, in the order of their tabs. */
  readonly sheets: readonly Sheet[];
  /** Dates count from 1904, as old Macintosh programs did. */
  readonly isFrom1904: boolean;
  readonly sharedStrings: string | undefined;
  readonly styles: string | undefined;
}

const SHEET = '/worksheet';

/** The table of contents of a workbook. */
export async function readWorkbookParts(office: Office): Promise<Workbook> {
  const root = await relationsOf(office, '');
  const main = root.find(({ type }) => type.endsWith('/officeDocument'))?.target;
  if (main === undefined || !office.parts.has(main))
    throw damagedWorkbook(office.path, words().workbook.none());
  const relations = await relationsOf(office, main);
  const targetOf = (end: string) => relations.find(({ type }) => type.endsWith(end))?.target;
  const sheets: Sheet[] = [];
  let isFrom1904 = false;
  await readWholeXml(office, main, {
    open(tag, { name, id, state, date1904 }) {
      if (tag === 'workbookPr') isFrom1904 = date1904 === '1' || date1904 === 'true';
      if (tag !== 'sheet') return;
      const relation = relations.find((each) => each.id === id);
      if (name !== undefined && relation?.type.endsWith(SHEET))
        sheets.push({ name, part: relation.target, isHidden: state !== undefined && state !== 'visible' });
    },
  });
  return {
    sheets,
    isFrom1904,
    sharedStrings: targetOf('/sharedStrings'),
    styles: targetOf('/styles'),
  };
}

/**
 * The sheet that is asked for by its name or its number from 1, else the first that is not hidden.
 * @throws UserError that lists the sheets
 */
export function chooseSheet(sheets: readonly Sheet[], asked: string | undefined, path: string): Sheet {
  const names = sheets.map(({ name }) => name).join(', ');
  if (asked === undefined) {
    const first = sheets.find(({ isHidden }) => !isHidden) ?? sheets[0];
    if (first === undefined) throw new UserError(words().workbook.noSheets(path));
    return first;
  }
  const sheet =
    sheets.find(({ name }) => name === asked) ??
    sheets.find(({ name }) => name.trim().toLowerCase() === asked.trim().toLowerCase()) ??
    (/^[1-9]\d*$/.test(asked) ? sheets[Number(asked) - 1] : undefined);
  if (sheet === undefined) throw new UserError(words().workbook.noSuchSheet(path, asked, names));
  return sheet;
}

interface Relation {
  readonly id: string;
  readonly type: string;
  readonly target: string;
}

/** What a part refers to. @param part '' = the file itself */
async function relationsOf(office: Office, part: string): Promise<readonly Relation[]> {
  const folder = posix.dirname(part);
  const name = posix.join(folder, '_rels', `${posix.basename(part)}.rels`);
  const relations: Relation[] = [];
  if (!office.parts.has(name)) throw damagedWorkbook(office.path, words().workbook.none());
  await readWholeXml(office, name, {
    open(tag, { Id: id, Type: type, Target: target, TargetMode: mode }) {
      if (tag !== 'Relationship' || id === undefined || type === undefined || target === undefined) return;
      if (mode === 'External') return;
      const whole = target.startsWith('/') ? target.slice(1) : posix.join(folder, target);
      relations.push({ id, type, target: whole });
    },
  });
  return relations;
}
