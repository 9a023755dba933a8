import { attention, crossEntropy } from '../index.js';
import { values, type OpCase } from './op-case.js';
import { ints } from './op-cases.js';
import { attentionReference, crossEntropyReference, type AttentionReference } from './reference.js';

interface AttentionCase extends AttentionReference {
  readonly name: string;
  readonly prefix?: number;
}

const small = { batch: 2, length: 5, heads: 2, kvHeads: 1, headDim: 3, scale: 0.7 };

const attentionCases: readonly AttentionCase[] = [
  { name: 'grouped heads', ...small },
  { name: 'heads of their own', ...small, kvHeads: 2, headDim: 4 },
  { name: 'window', ...small, window: 2 },
  { name: 'softcap', ...small, softcap: 1.5 },
  { name: 'packed segments', ...small, segments: [1, 1, 2, 2, 2, 1, 1, 1, 0, 0] },
  { name: 'left padding', ...small, segments: [0, 0, 1, 1, 1, 0, 1, 1, 1, 1] },
  { name: 'prefix', ...small, prefix: 3 },
  {
    name: 'everything',
    ...small,
    window: 3,
    softcap: 2,
    prefix: 2,
    segments: [1, 1, 1, 1, 2, 1, 2, 2, 2, 0],
  },
  { name: 'longer than a block', batch: 1, length: 71, heads: 1, kvHeads: 1, headDim: 2, scale: 1 },
  {
    name: 'longer than a block, window',
    batch: 1,
    length: 71,
    heads: 1,
    kvHeads: 1,
    headDim: 2,
    scale: 1,
    window: 5,
    prefix: 1,
  },
];

export const sequenceCases: readonly OpCase[] = [
  ...attentionCases.map(attentionCase),
  ...[{}, { softcap: 1.5 }].map(crossEntropyCase),
];

function attentionCase(c: AttentionCase): OpCase {
  const [n, kv] = [c.batch * c.length, c.kvHeads * c.headDim];
  const prefix = c.prefix ?? 0;
  const prefixes =
    prefix > 0 ? { prefixKeys: values([prefix, kv], 24), prefixValues: values([prefix, kv], 25) } : {};
  return {
    name: `attention: ${c.name}`,
    inputs: {
      q: values([n, c.heads * c.headDim], 21, 2),
      k: values([n, kv], 22, 2),
      v: values([n, kv], 23),
      ...prefixes,
    },
    run: (t) =>
      attention(t.matrix('q'), t.matrix('k'), t.matrix('v'), {
        ...c,
        segmentIds: c.segments === undefined ? undefined : ints(c.segments),
        prefixKeys: prefix > 0 ? t.matrix('prefixKeys') : undefined,
        prefixValues: prefix > 0 ? t.matrix('prefixValues') : undefined,
      }),
    reference: (get) =>
      attentionReference(
        get('q'),
        get('k'),
        get('v'),
        prefix > 0 ? get('prefixKeys') : undefined,
        prefix > 0 ? get('prefixValues') : undefined,
        c,
      ).data,
    // Padding rows are arbitrary.
    ignoredRows: (c.segments ?? []).flatMap((segment, row) => (segment === 0 ? [row] : [])),
  };
}

function crossEntropyCase(options: { readonly softcap?: number }): OpCase {
  const labels = [1, -100, 4, 0, 10, -100, 3];
  return {
    name: `crossEntropy ${JSON.stringify(options)}`,
    inputs: { x: values([7, 5], 26, 2), head: values([11, 5], 27, 2) },
    run: (t) => crossEntropy(t.matrix('x'), t.matrix('head'), ints(labels), { ...options, trainable: true }),
    reference: (get) =>
      Float64Array.of(crossEntropyReference(get('x'), get('head'), labels, options.softcap)),
  };
}
