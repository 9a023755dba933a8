// The all-reduce among more workers than a machine has, over a modelled network. Run after `npm run build`.
import { writeFileSync } from 'node:fs';

import type { NetworkShape } from './modelled-network.js';
import { boundSeconds, simulateReduce, simulateRing } from './simulated-reduce.js';
import { readOptions } from '../support/read-options.js';

const USAGE = `node tests/dist/bench/allreduce-simulated.js [options]

Carries out the plans of the all-reduce over a modelled network (bandwidth, latency, packets): 'flat', all members with
all, and 'by node', first within each node and then across. Compares both with the plain ring and with the time that no
all-reduce can beat. Adding is not in it.

  --ranks LIST          numbers of workers; default 8,16,32,64
  --gpus-per-node N     workers of a node, one a GPU; default 8
  --mib N               size of the vector of f32; default 80
  --units N             micro-batches; default: one a worker
  --worker-gbit N       what one worker sends, and receives at once; default 8 (measured here over the http2 data plane)
  --node-gbit N         network card of a node, shared by its workers; default 25
  --near-us N           latency within a node; default 50
  --far-us N            latency between nodes; default 100
  --slow N              times by which the card of one node is slower, where one is; default 4
  --json FILE           also writes the figures there
`;

const values = readOptions(USAGE, {
  ranks: { type: 'string', default: '8,16,32,64' },
  'gpus-per-node': { type: 'string', default: '8' },
  mib: { type: 'string', default: '80' },
  units: { type: 'string' },
  'worker-gbit': { type: 'string', default: '8' },
  'node-gbit': { type: 'string', default: '25' },
  'near-us': { type: 'string', default: '50' },
  'far-us': { type: 'string', default: '100' },
  slow: { type: 'string', default: '4' },
  json: { type: 'string' },
});
const GBIT = 1e9 / 8;
const elements = Math.round((Number(values.mib) * 2 ** 20) / 4);

interface Row {
  readonly ranks: number;
  readonly nodes: number;
  readonly slowLink: boolean;
  readonly boundMs: number;
  readonly flatMs: number;
  readonly byNodeMs: number;
  readonly ringMs: number;
}

function shapeOf(ranks: number, perNode: number, nodeGbit: number, slow = 1): NetworkShape {
  const nodes = Math.ceil(ranks / perNode);
  return {
    nodeOf: Array.from({ length: ranks }, (_, rank) => Math.floor(rank / perNode)),
    workerBytesPerSecond: Number(values['worker-gbit']) * GBIT,
    nodeBytesPerSecond: Array.from(
      { length: nodes },
      (_, node) => (nodeGbit * GBIT) / (node === nodes - 1 ? slow : 1),
    ),
    nearLatency: Number(values['near-us']) / 1e6,
    farLatency: Number(values['far-us']) / 1e6,
  };
}

function measure(ranks: number, slowLink: boolean): Row {
  const perNode = Number(values['gpus-per-node']);
  const shape = shapeOf(ranks, perNode, Number(values['node-gbit']), slowLink ? Number(values.slow) : 1);
  const work = { elements, count: Number(values.units ?? ranks) };
  return {
    ranks,
    nodes: shape.nodeBytesPerSecond.length,
    slowLink,
    boundMs: 1000 * boundSeconds(shape, 4 * elements),
    flatMs: 1000 * simulateReduce(shape, work, 'flat').seconds,
    byNodeMs: 1000 * simulateReduce(shape, work, 'by node').seconds,
    ringMs: 1000 * simulateRing(shape, elements).seconds,
  };
}

/** Time flat over time by node. */
function gains(ranks: number): { readonly perNode: number; readonly gain: Record<string, number> }[] {
  return [2, 4, 8].map((perNode) => {
    const gain: Record<string, number> = {};
    for (const nodeGbit of [10, 25, 50, 100]) {
      const shape = shapeOf(ranks, perNode, nodeGbit);
      const work = { elements, count: ranks };
      gain[`${nodeGbit} Gbit/s`] =
        simulateReduce(shape, work, 'flat').seconds / simulateReduce(shape, work, 'by node').seconds;
    }
    return { perNode, gain };
  });
}

const round = (value: number): number => Number(value.toPrecision(3));
const sizes = values.ranks.split(',').map(Number);
const rows = [false, true].flatMap((slowLink) => sizes.map((ranks) => measure(ranks, slowLink)));
console.table(
  rows.map(({ ranks, nodes, slowLink, boundMs, flatMs, byNodeMs, ringMs }) => ({
    ranks,
    nodes,
    'slow link': slowLink ? `1/${values.slow}` : '',
    'bound ms': round(boundMs),
    'flat ms': round(flatMs),
    'by node ms': round(byNodeMs),
    'ring ms': round(ringMs),
    'flat/bound': round(flatMs / boundMs),
    'by node/bound': round(byNodeMs / boundMs),
    'flat/by node': round(flatMs / byNodeMs),
  })),
);
const crossover = rows.find(({ slowLink, flatMs, byNodeMs }) => !slowLink && byNodeMs < flatMs)?.ranks;
console.log(
  crossover === undefined
    ? 'by node never pays among these'
    : `by node pays from ${crossover} workers on, ${values['gpus-per-node']} a node`,
);
const grid = gains(32);
console.log('\nTime flat / by node, 32 workers, by network card and workers of a node:');
console.table(
  grid.map(({ perNode, gain }) => ({
    'a node': perNode,
    ...Object.fromEntries(Object.entries(gain).map(([name, value]) => [name, round(value)])),
  })),
);
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ options: values, rows, crossover, grid }, null, 2)}\n`);
