import { describe, expect, it } from 'vitest';
import { UserError } from '../errors.js';
import { prepareData } from './prepare-data.js';
import { renderReport } from './render-report.js';
import { scriptOf } from './script-of.js';
import { characterTokenizer, dataFile, datasetOf, TURN_TEMPLATE } from './test-data.js';

const tokenizer = characterTokenizer(TURN_TEMPLATE);
const row = (question: string, answer: string) => ({ instruction: question, input: '', output: answer });

describe('prepareData', () => {
  it('trains the answer and its end, and nothing else', async () => {
    const uri = dataFile('a.jsonl', [row('Why', 'So')]);
    const { train } = await prepareData(datasetOf([{ uri }]), tokenizer);
    const example = train[0]?.examples[0];
    const trained = [...(example?.inputIds ?? [])].filter((_, index) => example?.trained[index]);
    expect(tokenizer.decode(trained)).toBe('So');
    expect(trained.at(-1)).toBe(tokenizer.eosId);
    expect(tokenizer.decode(example?.inputIds.slice(0, example.promptLength) ?? [])).toBe(
      'Why\n'.trimEnd() + '\n',
    );
  });

  it('names file and line of a line that is no JSON', async () => {
    const uri = dataFile('a.jsonl', `${JSON.stringify(row('a', 'b'))}\n{"instruction": "c", "output"\n`);
    const failure = prepareData(datasetOf([{ uri }]), tokenizer);
    await expect(failure).rejects.toThrow(UserError);
    await expect(failure).rejects.toThrow(/a\.jsonl:2: not valid JSON/);
  });

  it('counts and names rows that cannot be used', async () => {
    const uri = dataFile('a.jsonl', [
      row('a', 'b'),
      row('a', ' '),
      row('a', 'b'),
      { instruction: 'x', output: [1] },
    ]);
    const { report } = await prepareData(datasetOf([{ uri }]), tokenizer);
    expect(report).toMatchObject({ rows: 4, invalid: 2, duplicates: 1 });
    expect(report.rejections.map(({ place }) => place.split(':').at(-1))).toEqual(['2', '3', '4']);
    expect(report.splits.train.examples).toBe(1);
  });

  it('leaves out rows that the chat template refuses, with its words', async () => {
    const strict = characterTokenizer(
      "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}" +
        "{% endif %}{{ '<|' + m.role + '|>' + m.content + eos_token }}{% endfor %}" +
        "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}",
    );
    const user = { role: 'user', content: 'a' };
    const assistant = { role: 'assistant', content: 'b' };
    const uri = dataFile('a.jsonl', [{ messages: [user, assistant] }, { messages: [user, user, assistant] }]);
    const { report } = await prepareData(datasetOf([{ uri }]), strict);
    expect(report.splits.train.examples).toBe(1);
    expect(report.rejections[0]?.reason).toMatch(/roles must alternate/);
  });

  it.each([
    ['an empty file', 'a.jsonl', ''],
    ['blank lines', 'a.jsonl', '\n\n'],
    ['an empty array', 'a.json', '[]'],
    ['only unusable rows', 'a.jsonl', JSON.stringify(row('a', ''))],
  ])('refuses %s', async (_, name, content) => {
    const uri = dataFile(name, content);
    await expect(prepareData(datasetOf([{ uri }]), tokenizer)).rejects.toThrow(UserError);
  });

  it('refuses a missing file, an unknown kind of file and an unknown format in one sentence', async () => {
    const bad = [
      { uri: '/nowhere/a.jsonl' },
      { uri: dataFile('a.xlsx', 'x') },
      { uri: 's3://bucket/a.jsonl' },
    ];
    for (const source of bad) {
      await expect(prepareData(datasetOf([source]), tokenizer)).rejects.toThrow(UserError);
    }
    const uri = dataFile('a.jsonl', [{ foo: 1 }]);
    await expect(prepareData(datasetOf([{ uri }]), tokenizer)).rejects.toThrow(
      /a\.jsonl:1: cannot tell the format/,
    );
    await expect(prepareData(datasetOf([{ uri, format: 'xml' }]), tokenizer)).rejects.toThrow(
      /"xml" is unknown/,
    );
  });

  it('keeps whole sources in the split that they declare', async () => {
    const train = dataFile('train.jsonl', [row('a', '1'), row('b', '2')]);
    const test = dataFile('test.jsonl', [row('c', '3')]);
    const data = await prepareData(
      datasetOf([
        { uri: train, split: 'train' },
        { uri: test, split: 'test' },
      ]),
      tokenizer,
    );
    expect(data.train[0]?.examples).toHaveLength(2);
    expect(data.test.map((example) => example.reference)).toEqual(['3']);
  });

  it('divides by content, so that more rows move none', async () => {
    const split = { train: 0.6, validation: 0.2, test: 0.2, seed: 7 };
    const few = Array.from({ length: 60 }, (_, index) => row(`q${index}`, `a${index}`));
    const more = [row('new', 'first'), ...few, row('new', 'last')];
    const [a, b] = await Promise.all(
      [few, more].map((rows) =>
        prepareData(datasetOf([{ uri: dataFile('a.jsonl', rows) }], { split, maxLength: 1024 }), tokenizer),
      ),
    );
    const names = (list: readonly { reference: string }[] | undefined) =>
      (list ?? []).map(({ reference }) => reference).filter((name) => name.startsWith('a'));
    expect(names(a?.test)).toEqual(names(b?.test));
    expect(names(a?.validation)).toEqual(names(b?.validation));
    expect(names(a?.test).length).toBeGreaterThan(3);
  });

  it('reads the same rows from JSON lines, a JSON array, CSV and mapped columns', async () => {
    const rows = [row('a, "b"', '1\n2'), row('c', '3')];
    const csv = 'instruction,input,output\n"a, ""b""",,"1\n2"\nc,,3\n';
    const mapped = rows.map(({ instruction, output }) => ({ question: instruction, answer: output }));
    const sources = [
      { uri: dataFile('a.jsonl', rows) },
      { uri: dataFile('a.json', JSON.stringify(rows)) },
      { uri: dataFile('a.csv', csv) },
      {
        uri: dataFile('b.jsonl', mapped),
        columns: { instruction: 'question', output: 'answer' },
      },
    ];
    const results = await Promise.all(sources.map((source) => prepareData(datasetOf([source]), tokenizer)));
    const ids = results.map(({ train }) => train[0]?.examples.map((example) => [...example.inputIds]));
    for (const other of ids) expect(other).toEqual(ids[0]);
  });

  it('keeps near-duplicates in one split', async () => {
    const split = { train: 0.5, validation: 0, test: 0.5, seed: 3 };
    const rows = Array.from({ length: 40 }, (_, index) => {
      const words = Array.from({ length: 60 }, (_, word) => `w${(index * 31 + word * word * 17) % 997}`).join(
        ' ',
      );
      return [row(`${words} once?`, 'yes'), row(`${words} twice`, 'yes')];
    }).flat();
    const data = await prepareData(
      datasetOf([{ uri: dataFile('a.jsonl', rows) }], { split, maxLength: 1024 }),
      tokenizer,
    );
    const pairOf = (place: string) => Math.floor((Number(place.split(':').at(-1)) - 1) / 2);
    const trained = new Set(data.train[0]?.examples.map(({ place }) => pairOf(place)));
    const tested = new Set(data.test.map(({ place }) => pairOf(place)));
    expect(data.report.nearDuplicates).toBe(40);
    expect(tested.size).toBeGreaterThan(5);
    expect([...tested].filter((pair) => trained.has(pair))).toEqual([]);
    expect(data.report.leaked).toBe(0);
  });

  it('names held-out rows of declared splits that nearly repeat a training row', async () => {
    const question =
      'Which of the many things that stand on the long shelf in the hall belongs to the caretaker';
    const data = await prepareData(
      datasetOf([
        { uri: dataFile('train.jsonl', [row(question, 'the broom')]), split: 'train' },
        {
          uri: dataFile('test.jsonl', [row(`${question}?!`, 'the broom'), row('Else', 'no')]),
          split: 'test',
        },
      ]),
      tokenizer,
    );
    expect(data.report.leaked).toBe(1);
    expect(data.report.leaks[0]?.place).toMatch(/test\.jsonl:1$/);
    expect(data.report.leaks[0]?.trainedAt).toMatch(/train\.jsonl:1$/);
    expect(renderReport(data.report)).toContain('test.jsonl:1 nearly repeats');
  });
});

describe('scriptOf', () => {
  it.each([
    ['Where is the parcel?', 'Latin'],
    ['请问Kelmar的编号是多少？', 'Han'],
    ['これはテストです', 'Kana'],
    ['Где посылка?', 'Cyrillic'],
    ['12 + 3', 'Other'],
  ])('%s is %s', (text, script) => expect(scriptOf(text)).toBe(script));
});
