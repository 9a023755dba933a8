import { WorkPhase } from '@tuneyard/proto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Bf16Memory, Bf16Sums } from './bf16-sums.js';
import { deal } from './deal.js';
import { F32Sums } from './f32-sums.js';
import { PartialSums, VectorPool } from './partial-sums.js';
import type { Numbers, SumFormat } from './sum-format.js';
import { childrenOf, coverUnits, rootOf, type Block } from './tree.js';
import { madeFrame, type OutgoingFrame } from './outbox.js';
import { decodeFrame } from './wire-format.js';
import { WorkReduce } from './work-reduce.js';

const pool = new VectorPool<Float32Array>((length) => new Float32Array(length));
const formats = {
  f32: () => new F32Sums(pool),
  bf16: () => new Bf16Sums(new Bf16Memory(), pool, 7, 1),
};
const formatNames = ['f32', 'bf16'] as const;

/** The definition, slowly: recursion over the tree. */
function reference(block: Block, vectors: readonly Float32Array[]): Float32Array {
  if (block.size === 1) return Float32Array.from(vectors[block.start] ?? []);
  const [left, right] = childrenOf(block).map((child) => reference(child, vectors));
  return Float32Array.from(left ?? [], (value, at) => value + (right?.[at] ?? 0));
}

/** The same in bf16: each node of the tree is made as a whole, and rounded. */
async function reference16(block: Block, vectors: readonly Float32Array[]): Promise<Numbers> {
  const format = formats.bf16();
  const { start, size } = block;
  if (size === 1) return format.leaf(start, Float32Array.from(vectors[start] ?? []));
  const [left, right] = childrenOf(block);
  const sum = await reference16(left, vectors);
  format.add(block, 0, sum, sum, await reference16(right, vectors));
  return sum;
}

async function expectedOf(name: keyof typeof formats, count: number, length: number): Promise<Buffer> {
  const vectors = Array.from({ length: count }, (_, unit) => vectorOf(unit, length));
  const sum = reference(rootOf(count), vectors);
  if (name === 'bf16') formats.bf16().toFloats(sum, await reference16(rootOf(count), vectors));
  return Buffer.from(sum.buffer);
}

/** Numbers of very different sizes, so that another order gives other bits. */
function vectorOf(unit: number, length: number): Float32Array {
  return Float32Array.from(
    { length },
    (_, at) => Math.sin(12.9898 * (unit + 1) + 78.233 * at) * 10 ** ((unit * 7 + at) % 9),
  );
}

/** Runs one reduction among `size` members in memory; frames arrive in an order that `choose` picks. */
async function reduce(
  count: number,
  length: number,
  held: readonly (readonly Block[])[],
  choose: (waiting: number) => number,
  formatOf: () => SumFormat,
  { speeds, nodes }: { speeds?: readonly number[]; nodes?: readonly string[] } = {},
): Promise<Float32Array[]> {
  const size = held.length;
  const dealt = deal(count, held, speeds);
  const wires: { from: number; to: number; frames: OutgoingFrame[] }[] = [];
  const outs = held.map(() => new Float32Array(length));
  const formatsOf = outs.map(formatOf);
  const members = outs.map((out, rank) => {
    const send = (to: number, ...frames: readonly OutgoingFrame[]): void => {
      let wire = wires.find((known) => known.from === rank && known.to === to);
      if (wire === undefined) wires.push((wire = { from: rank, to, frames: [] }));
      wire.frames.push(...frames);
    };
    return new WorkReduce({
      generation: 1,
      step: 1,
      phase: WorkPhase.WORK_PHASE_GRADIENT,
      rank,
      size,
      count,
      deal: dealt,
      out,
      format: formatsOf[rank] ?? formatOf(),
      nodes,
      send,
    });
  });
  const starts = members.map((member, rank) => async () => {
    const sums = new PartialSums(count, length, pool, formatsOf[rank] ?? formatOf());
    // Units are added in another order than that of the tree.
    for (const unit of [...(dealt.units[rank] ?? [])].reverse())
      await sums.add(unit, vectorOf(unit, length), { lossSum: unit + 0.1, trainedTokens: 1 });
    await member.contribute(sums, rank === 0 ? 1 : 0);
  });
  const sent = held.map(() => 0);
  for (;;) {
    const busy = wires.filter((wire) => wire.frames.length > 0);
    const options = busy.length + starts.length;
    if (options === 0) break;
    const chosen = choose(options);
    if (chosen >= busy.length) await starts.splice(chosen - busy.length, 1)[0]?.();
    else {
      const wire = busy[chosen];
      const frame = wire?.frames.shift();
      if (wire === undefined || frame === undefined) continue;
      const { header, body } = madeFrame(frame);
      sent[wire.from] = (sent[wire.from] ?? 0) + header.byteLength + body.byteLength;
      members[wire.to]?.accept(wire.from, decodeFrame(Buffer.concat([header, body])));
    }
  }
  const scalars = await Promise.all(members.map((member) => member.done));
  const alone = sumOfLosses(rootOf(count));
  for (const each of scalars) expect(each).toEqual({ lossSum: alone, trainedTokens: count });
  expect(members.every((member) => member.flags === 1)).toBe(true);
  expect(members.map((member) => member.bytesSent)).toEqual(sent);
  return outs;
}

function sumOfLosses(block: Block): number {
  if (block.size === 1) return block.start + 0.1;
  const [left, right] = childrenOf(block);
  return sumOfLosses(left) + sumOfLosses(right);
}

describe.each(formatNames)('a reduction in %s', (name) => {
  it.each([16, 20_000, 700_000])('of %i elements has the same bits for 1 to 8 members', async (length) => {
    const count = length > 100_000 ? 5 : 16;
    const expected = await expectedOf(name, count, length);
    for (const size of length > 100_000 ? [1, 3] : [1, 2, 3, 4, 5, 6, 7, 8]) {
      const held = Array.from({ length: size }, () => []);
      for (const out of await reduce(count, length, held, (waiting) => waiting - 1, formats[name]))
        expect(Buffer.from(out.buffer).equals(expected)).toBe(true);
    }
  });

  it('has the same bits by way of relays, node by node', async () => {
    const [count, length] = [4, 900_000];
    const expected = await expectedOf(name, count, length);
    const nodes = ['a', 'a', 'b'];
    const held = nodes.map(() => []);
    for (const out of await reduce(count, length, held, () => 0, formats[name], { nodes }))
      expect(Buffer.from(out.buffer).equals(expected)).toBe(true);
  });

  it('has the same bits for every deal, held set, placement on nodes and order of arrival', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 24 }),
        fc.array(fc.array(fc.nat(23), { maxLength: 12 }), { minLength: 1, maxLength: 8 }),
        fc.constantFrom(0, 3, 9000),
        fc.array(fc.double({ min: 0.5, max: 2, noNaN: true }), { minLength: 8, maxLength: 8 }),
        fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 8, maxLength: 8 }),
        fc.infiniteStream(fc.nat()),
        async (count, claims, length, speeds, names, picks) => {
          const held = claims.map((units) =>
            coverUnits(
              units.filter((unit) => unit < count),
              count,
            ),
          );
          const expected = await expectedOf(name, count, length);
          const choose = (waiting: number): number => picks.next().value % waiting;
          const own = speeds.slice(0, held.length);
          const nodes = names.slice(0, held.length);
          const outs = await reduce(count, length, held, choose, formats[name], { speeds: own, nodes });
          for (const out of outs) expect(Buffer.from(out.buffer).equals(expected)).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('the reference', () => {
  it('would notice another order', () => {
    const vectors = Array.from({ length: 16 }, (_, unit) => vectorOf(unit, 64));
    const inARow = vectors.reduce((sum, vector) =>
      Float32Array.from(sum, (value, at) => value + (vector[at] ?? 0)),
    );
    expect(Buffer.from(inARow.buffer).equals(Buffer.from(reference(rootOf(16), vectors).buffer))).toBe(false);
  });
});
