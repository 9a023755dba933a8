import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dataWarnings } from '../data-warnings.js';
import { prepareData } from '../prepare-data.js';
import { characterTokenizer, dataFile, datasetOf, TURN_TEMPLATE } from '../test-data.js';
import { findingsWarnings } from './findings-warnings.js';
import { longRowsOf } from './long-rows.js';
import { markDifference } from './mark-difference.js';
import { looksMisread } from './misread-text.js';
import { maskPersonalData, personalDataIn } from './personal-data.js';
import { renderFindings } from './render-findings.js';
import { RowInspector } from './row-inspector.js';

const tokenizer = characterTokenizer(TURN_TEMPLATE);
const row = (question: string, answer: string) => ({ question, answer });

async function inspect(rows: readonly object[], rest: Parameters<typeof datasetOf>[1] = {}) {
  const uri = dataFile('rows.jsonl', rows);
  const inspector = new RowInspector(tokenizer);
  const data = await prepareData(datasetOf([{ uri }], rest), tokenizer, inspector);
  const found = inspector.findings();
  const positions = 30;
  const model = { maxLength: 256, positions, beyondPositions: longRowsOf(data, positions, tokenizer) };
  const page = (most = 3, hasColours = false) =>
    renderFindings(found, model, { most, hasColours }).join('\n').replaceAll(uri, 'rows.jsonl');
  return { found, page, report: data.report };
}

describe('what a report shows', () => {
  it('is a row as the model sees it, with the trained part marked', async () => {
    const { page } = await inspect([row('Why?', 'So.')]);
    expect(page()).toContain(
      [
        'one row as the model sees it (rows.jsonl:1); it learns to write what stands in ⟦ ⟧',
        '  <s><|user|>Why?</s>',
        '  <|assistant|>⟦So.</s>⟧',
      ].join('\n'),
    );
    expect(page(3, true)).toContain('\u001B[1;32mSo.</s>\u001B[0m');
    expect(page(0)).not.toContain('Why?');
  });

  it('is two nearly equal rows below one another, with the difference marked', async () => {
    const long = 'The tenant pays the rent on the first day of each month without any deduction';
    const { page } = await inspect([
      row(long, 'Yes, on day 1.'),
      row('Other', 'words'),
      row(long, 'Yes, on day 5.'),
    ]);
    expect(page()).toContain('nearly the same as an earlier row: 1\n  rows.jsonl:1 and rows.jsonl:3\n');
    expect(page()).toMatch(/on day ⟦1⟧\.\n.*on day ⟦5⟧\./);
  });

  it('is one question with two answers', async () => {
    const { page, found } = await inspect([
      row('Which clause?', 'Clause 3.'),
      row('which clause', 'Clause 9.'),
      row('Which clause ?', 'clause 3'),
    ]);
    expect(found.contradictions.rows).toBe(1);
    expect(page()).toContain(
      [
        'the same question with another answer: 1',
        '  which clause',
        '    rows.jsonl:1: Clause 3.',
        '    rows.jsonl:2: Clause 9.',
      ].join('\n'),
    );
    expect(findingsWarnings(found)[0]).toMatch(/^1 row answers a question otherwise/);
  });

  it('is a row that is cut, and one beyond the positions of the model', async () => {
    const { page } = await inspect([row('Q', 'x'.repeat(300)), row('Q2', 'y'.repeat(40)), row('a', 'b')]);
    expect(page()).toMatch(
      /cut at dataset\.maxLength = 256 tokens: 1\n {2}rows\.jsonl:1, 30\d tokens: Q x+…/,
    );
    expect(page()).toMatch(/longer than the 30 positions of the model: 2\n {2}rows\.jsonl:1, 256 tokens/);
  });

  it('is a row in another script, by its own words alone', async () => {
    const chinese = ['甲', '丙', '戊'].map((name) => row(`${name}？`, '乙'));
    const { page, report } = await inspect([...chinese, row('Who?', 'The tenant')]);
    expect(report.scripts).toEqual({ Han: 3, Latin: 1 });
    expect(page()).toContain(
      'in another script than most rows (Han): 1\n  rows.jsonl:4 (Latin): Who? The tenant',
    );
  });

  it('is bounded, and says how many more there are', async () => {
    const rows = Array.from({ length: 150 }, (_, index) => row('Which clause?', `Clause ${index}.`));
    const { page, found } = await inspect(rows);
    expect(found.contradictions).toMatchObject({ rows: 149, first: { length: 100 } });
    expect(page(2)).toContain('and 147 more');
  });

  it('names a tokenizer that hardly knows the language', async () => {
    expect((await inspect([row('Why not?', 'So it is.')])).found.isPoorTokenizer).toBe(false);
    const { found, page } = await inspect([row('Why not?', 'So it is. '.repeat(20))]);
    expect(found.tokensPerCharacter).toBe(1);
    expect(page()).toContain('tokens per character: 1.00');
    expect(findingsWarnings(found)).toEqual([expect.stringMatching(/^the tokenizer makes 1\.00 tokens/)]);
  });
});

describe('personal data', () => {
  it.each([
    ['电话13800138000。', 'mobile', '138****8000'],
    ['+86 138-0013-8000', 'mobile', '138****8000'],
    ['身份证11010519491231002X，', 'identity', '110105********002X'],
    ['卡号 6222 0200 0000 0007', 'bankCard', '6222********0007'],
    ['write to zhang.san@example.com.cn', 'email', 'z***@example.com.cn'],
  ])('is found in %j and masked', (text, kind, masked) => {
    expect(personalDataIn(text)).toEqual([{ kind, masked }]);
    expect(maskPersonalData(text)).toContain(masked);
  });

  it.each([
    ['a wrong check digit', '110105194912310021'],
    ['no date of birth', '110105194913310020'],
    ['an order number', '2024030512345678'],
    ['a longer number', '113800138000'],
    ['a part of a name', 'abc13800138000def'],
    ['a price', '13,800,138,000'],
  ])('is not %s', (_, text) => expect(personalDataIn(text)).toEqual([]));

  it('is shown nowhere whole', async () => {
    const { page, found } = await inspect([
      row('Phone?', '13800138000'),
      row('Phone?', '13900139000'),
      row('Call the number on the second page 13800138001 please', 'Yes'),
    ]);
    expect(page(100) + JSON.stringify(found)).not.toMatch(/13[89]00\d{6}/);
    expect(found.personalRows).toMatchObject({ mobile: 3, email: 0 });
  });

  it('is looked for in bounded time', () => {
    const began = performance.now();
    for (const text of [
      '1'.repeat(200_000),
      'a'.repeat(200_000) + '@',
      '1 '.repeat(100_000),
      'a.'.repeat(100_000),
    ])
      maskPersonalData(text);
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});

describe('text that was read in a wrong encoding', () => {
  const misread = (text: string, written: string, read: string) =>
    new TextDecoder(read).decode(written === 'utf-8' ? Buffer.from(text) : Buffer.from(GBK_QUESTION, 'hex'));
  const GBK_QUESTION = 'c7ebcecab9abcbbed4dac9cfbaa3b5c4b0ecb9abcad2d3d0b6e0c9d9c8cba3bf';

  it('is known', () => {
    expect(looksMisread(misread('', 'gbk', 'windows-1252'))).toBe(true);
    expect(looksMisread(misread('请问公司在上海的办公室有多少人？', 'utf-8', 'windows-1252'))).toBe(true);
    expect(looksMisread(misread('请问公司在上海的办公室有多少人？', 'utf-8', 'gbk'))).toBe(true);
    expect(looksMisread('错误锟斤拷锟斤拷')).toBe(true);
  });

  it.each([
    ['Chinese', '请问公司在上海的办公室有多少人？'],
    ['traditional Chinese', '請問公司在上海的辦公室有多少人？這個問題很重要。'],
    ['French', 'Où est-ce que l’été a été passé ? À Orléans, évidemment, près de chez nous.'],
    ['Vietnamese', 'Tôi không biết điều này, xin hãy giải thích cho tôi rõ hơn một chút nữa.'],
    ['Japanese', '東京都渋谷区の会議室予約方法を教えてください'],
    ['Russian', 'Где находится договор?'],
    ['prices', '€ 5, £ 7, ¥ 9, § 3'],
  ])('is not %s', (_, text) => expect(looksMisread(text)).toBe(false));

  it('is warned of before training', async () => {
    const { report } = await inspect([row('ÎÊÌâÊÇÊ²Ã´', '´ð°¸ÔÚµÚÈýÌõ'), row('a', 'b')]);
    expect(dataWarnings(report, { dataset: undefined, training: undefined, evaluation: undefined })).toEqual([
      expect.stringMatching(/^1 of 2 rows look as if .*rows\.jsonl:1: "ÎÊÌâÊÇÊ²Ã´/),
    ]);
  });
});

describe('the difference of two texts', () => {
  it('leaves what differs, and only that, marked', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), fc.string({ maxLength: 40 }), (a, b) => {
        const plain = (text: string) => text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
        const mark = (text: string) => text.toUpperCase();
        const [first] = markDifference(a, b, (text) => text);
        if (plain(a).length <= 16) expect(first).toBe(plain(a));
        if (plain(a) === plain(b)) expect(markDifference(a, b, mark)[0]).toBe(first);
      }),
    );
  });
});
