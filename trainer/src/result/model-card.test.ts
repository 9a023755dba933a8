import { MethodType, TrainerConfig } from '@tuneyard/proto';
import { describe, expect, it } from 'vitest';
import { baseName } from './base-identity.js';
import { modelCard } from './model-card.js';
import { publicAddress } from './public-address.js';
import { publicSettings } from './public-settings.js';
import type { HandOver } from './training-record.js';

const NASTY = '| x |\n# head\n<script>alert(1)</script> [a](http://b) `c` www.d.example ![i](j)';

function handOver(more: Partial<HandOver> = {}, base: Partial<HandOver['record']['base']> = {}): HandOver {
  return {
    record: {
      format: 'tuneyard-training-v1',
      base: {
        name: 'Qwen/Qwen2.5-0.5B',
        isOnHub: true,
        revision: 'a'.repeat(40),
        digest: 'sha256:00',
        ...base,
      },
      method: 'lora',
      steps: 9,
      totalSteps: 9,
      tokens: 99,
      trainLossByQuarter: [],
      metrics: [],
      data: { digest: 'sha256:11', rows: { train: 8, validation: 2, test: 0 }, sources: [{ name: NASTY }] },
      settings: { method: { type: 'lora', lora: { rank: 24 } }, dataset: {}, training: { epochs: 3 } },
    },
    comparison: {
      format: 'tuneyard-evaluation-v1',
      split: 'validation',
      rows: 2,
      comparedRows: 2,
      answeredRows: 2,
      maxNewTokens: 20,
      metrics: [{ name: 'evalLoss', base: 2, tuned: 1, examples: 2 }],
      verdict: { outcome: 'better', text: 'Better.' },
      advice: [],
      notes: [],
    },
    compared: [{ place: 'a:1', question: NASTY, reference: 'r', base: NASTY, tuned: 't' }],
    runtimes: { peft: true, vllm: true, note: '' },
    tokenizerFiles: ['tokenizer.json', 'chat_template.jinja'],
    rank: 24,
    ...more,
  };
}

describe('modelCard', () => {
  it('names base, data and settings, and how to load it with the chat template', () => {
    const card = modelCard(handOver());
    expect(card).toMatch(/^---\nbase_model: "Qwen\/Qwen2\.5-0\.5B"\nlibrary_name: peft\n/);
    expect(card).toContain('| `evalLoss` | 2.0000 | 1.0000 | 2 |');
    expect(card).toContain(
      `AutoModelForCausalLM.from_pretrained("Qwen/Qwen2.5-0.5B", revision="${'a'.repeat(40)}")`,
    );
    expect(card).toContain('tokenizer.apply_chat_template(');
    expect(card).toContain('--max-lora-rank 32 --lora-modules tuned=. --chat-template chat_template.jinja');
    expect(card).toMatch(/Licence: not stated/);
  });

  it('lets no text of the data become Markdown or HTML', () => {
    // What stands in a code span is text already.
    const card = modelCard(handOver()).replace(/`[^`\n]*`/g, '');
    expect(card).not.toContain('<script>');
    expect(card).not.toMatch(/[^\\]\[a\]/);
    expect(card).not.toContain('http://b');
    expect(card).not.toMatch(/^# head/m);
    const samples = card.split('\n').filter((line) => line.includes('head'));
    // Every row of the table keeps its cells.
    for (const line of samples.filter((text) => text.startsWith('| \\|')))
      expect(line.match(/(?<!\\)\|/g)).toHaveLength(5);
  });

  it('keeps a name inside its quotes, in Python and in a shell', () => {
    const card = modelCard(handOver({}, { name: `a'; rm -rf ~ "`, isOnHub: false, revision: undefined }));
    expect(card).toContain(String.raw`from_pretrained("a'; rm -rf ~ \"")`);
    expect(card).toContain(String.raw`vllm serve 'a'\''; rm -rf ~ "'`);
    expect(card).not.toContain('base_model:');
  });

  it('says what does not load it, and what running text is for', () => {
    const card = modelCard(
      handOver({ runtimes: { peft: false, vllm: false, note: 'why' }, tokenizerFiles: [] }),
    );
    expect(card).toContain('PEFT does not load it: why.');
    expect(card).toContain('vLLM does not load it: why.');
    expect(card).toContain('answers no questions');
  });
});

describe('what leaves the machine', () => {
  it.each([
    ['file:///home/ann/secret%20project/rows.jsonl', 'rows.jsonl'],
    ['pvc://claim/models/base/', 'base'],
    ['/plain/path', 'path'],
    ['hf://datasets/org/name', 'hf://datasets/org/name'],
    ['https://user:pass@host/rows.jsonl?X-Amz-Signature=1', 'https://host/rows.jsonl'],
  ])('%s is %s', (uri, shown) => {
    expect(publicAddress(uri)).toBe(shown);
  });

  it.each([
    [
      'hf://Qwen/Qwen2.5-0.5B@main',
      'b'.repeat(40),
      { name: 'Qwen/Qwen2.5-0.5B', isOnHub: true, revision: 'b'.repeat(40) },
    ],
    [
      `file:///cache/models--Qwen--Qwen2.5-0.5B/snapshots/${'c'.repeat(40)}`,
      '',
      { name: 'Qwen/Qwen2.5-0.5B', isOnHub: true, revision: 'c'.repeat(40) },
    ],
    ['file:///home/ann/base-model', '', { name: 'base-model', isOnHub: false }],
  ])('%s is named without its folder', (source, version, expected) => {
    expect(baseName({ source, revision: '', secret: '', fromScratch: false }, version)).toEqual(expected);
  });

  it('has no secret and no path among the settings', () => {
    const settings = publicSettings(
      TrainerConfig.fromPartial({
        method: {
          type: MethodType.METHOD_TYPE_LORA,
          lora: { rank: 4, initFrom: 'file:///home/ann/x', initFromSecret: 's' },
        },
        dataset: { sources: [{ uri: 'file:///home/ann/rows.jsonl', secret: 'token' }] },
        training: { epochs: 3, checkpoint: { uri: 'file:///home/ann/c' } },
      }),
    );
    expect(JSON.stringify(settings)).not.toMatch(/ann|token|ecret/);
    expect(settings.method).toMatchObject({ type: 'lora', lora: { rank: 4, initFrom: 'x' } });
  });
});
