/** @module Writes workbooks for tests: the parts that are given, and the usual ones around them. */
import { crc32, deflateRawSync } from 'node:zlib';

const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';

export interface TestPart {
  readonly name: string;
  readonly text: string;
  /** What the directory says of its size; default: the truth. */
  readonly saysBytes?: number;
}

/** A workbook with one sheet. @param sheetData the XML between `<worksheet>` and its end */
export function workbookOf(sheetData: string, more: readonly TestPart[] = []): Buffer {
  const relation = (id: string, type: string, target: string) =>
    `<Relationship Id="${id}" Type="${RELATIONS}/${type}" Target="${target}"/>`;
  const parts: TestPart[] = [
    { name: '_rels/.rels', text: relations(relation('r1', 'officeDocument', 'xl/workbook.xml')) },
    {
      name: 'xl/_rels/workbook.xml.rels',
      text: relations(
        relation('r1', 'worksheet', 'worksheets/sheet1.xml') +
          relation('r2', 'sharedStrings', 'sharedStrings.xml') +
          relation('r3', 'styles', 'styles.xml'),
      ),
    },
    {
      name: 'xl/workbook.xml',
      text: `<workbook xmlns="${MAIN}" xmlns:r="${RELATIONS}"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>`,
    },
    { name: 'xl/styles.xml', text: `<styleSheet xmlns="${MAIN}"/>` },
    { name: 'xl/worksheets/sheet1.xml', text: `<worksheet xmlns="${MAIN}">${sheetData}</worksheet>` },
  ];
  const names = new Set(more.map(({ name }) => name));
  return zipOf([...parts.filter(({ name }) => !names.has(name)), ...more]);
}

function relations(inner: string): string {
  return `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${inner}</Relationships>`;
}

/** A zip file, by APPNOTE 4.3. */
export function zipOf(parts: readonly TestPart[]): Buffer {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { name, text, saysBytes } of parts) {
    const [raw, title] = [Buffer.from(text), Buffer.from(name)];
    const packed = deflateRawSync(raw);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(8, 4);
    fields.writeUInt32LE(crc32(raw), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(saysBytes ?? raw.length, 18);
    fields.writeUInt16LE(title.length, 22);
    local.push(Buffer.from('PK\u0003\u0004'), fields, title, packed);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    central.push(Buffer.from('PK\u0001\u0002\u0014\u0000'), fields, place, title);
    offset += 4 + fields.length + title.length + packed.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006', 0, 'latin1');
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...local, directory, end]);
}
