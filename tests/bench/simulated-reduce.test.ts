import { describe, expect, it } from 'vitest';

import { ModelledNetwork, type NetworkShape } from './modelled-network.js';
import { boundSeconds, simulateReduce, simulateRing } from './simulated-reduce.js';

const MB = 1e6;
/** Two nodes of two workers; cards of 1 GB/s. */
const shape: NetworkShape = {
  nodeOf: [0, 0, 1, 1],
  workerBytesPerSecond: 4e9,
  nodeBytesPerSecond: [1e9, 1e9],
  nearLatency: 0.001,
  farLatency: 0.01,
  packetBytes: 1000,
};

function timeOf(of: NetworkShape, messages: readonly (readonly [number, number, number])[]): number[] {
  const network = new ModelledNetwork(of);
  const arrivals: number[] = messages.map(() => NaN);
  messages.forEach(([from, to, bytes], at) =>
    network.send(from, to, bytes, () => void (arrivals[at] = network.now)),
  );
  network.run();
  return arrivals;
}

describe('the modelled network', () => {
  it('takes the time of the slowest link, one packet on each other one, and the latency', () => {
    const [far] = timeOf(shape, [[0, 2, MB]]);
    // 1 MB at 1 GB/s; 1 kB once more through the other card, and through both workers' links.
    expect(far).toBeCloseTo(0.001 + 0.01 + 1e-6 + 2 * 0.25e-6, 9);
    const [near] = timeOf(shape, [[0, 1, MB]]);
    expect(near).toBeCloseTo(0.00025 + 0.001 + 0.25e-6, 9);
  });

  it('lets the workers of a node share its card evenly, both ways at once', () => {
    const alone = timeOf(shape, [[0, 2, MB]])[0] ?? NaN;
    const both = timeOf(shape, [
      [0, 2, MB],
      [1, 3, MB],
      [2, 0, MB],
    ]);
    expect(both[0]).toBeCloseTo(alone + 0.001, 5);
    expect(both[1]).toBeCloseTo(alone + 0.001, 5);
    expect(both[2]).toBeCloseTo(alone, 5);
  });

  it('does not burden the card with what stays within the node, and a slow card only its own node', () => {
    const slow = { ...shape, nodeBytesPerSecond: [1e9, 0.25e9] };
    const [near, far] = timeOf(slow, [
      [2, 3, 4 * MB],
      [0, 2, MB],
    ]);
    expect(near).toBeCloseTo(0.001 + 0.001, 5);
    expect(far).toBeCloseTo(0.01 + 0.004, 5);
  });
});

describe('the simulated all-reduce', () => {
  const work = { elements: 1 << 20, count: 4 };
  const bytes = 4 * work.elements;

  it('between two workers takes each half of the vector there and back', () => {
    const two = { ...shape, nodeOf: [0, 1] };
    const { seconds } = simulateReduce(two, work, 'flat');
    // Two chunks of a quarter each way: the first is answered while the second is still to be read.
    expect(seconds).toBeCloseTo(2 * 0.01 + (3 * bytes) / 4 / 1e9, 4);
    expect(boundSeconds(two, bytes)).toBeCloseTo(bytes / 1e9, 12);
  });

  it('by node sends across what one worker a node would, and flat as much for each of its workers', () => {
    const perNode = (2 * bytes) / 2;
    const [flat, byNode] = [simulateReduce(shape, work, 'flat'), simulateReduce(shape, work, 'by node')];
    for (const sent of flat.bytesFromNode) expect(sent / perNode).toBeCloseTo(2, 2);
    for (const sent of byNode.bytesFromNode) expect(sent / perNode).toBeCloseTo(1, 2);
    expect(byNode.seconds).toBeLessThan(flat.seconds);
    expect(byNode.seconds).toBeGreaterThanOrEqual(boundSeconds(shape, bytes));
  });

  it('is in a ring as long as its hops', () => {
    const far = { ...shape, nodeOf: [0, 1], farLatency: 1 };
    expect(simulateRing(far, 64).seconds).toBeCloseTo(2, 3);
  });

  it('cannot be faster than the vector through the slowest card', () => {
    const slow = { ...shape, nodeBytesPerSecond: [1e9, 0.25e9] };
    expect(boundSeconds(slow, bytes)).toBeCloseTo(bytes / 0.25e9, 12);
    expect(simulateReduce(slow, work, 'by node').seconds).toBeGreaterThan(bytes / 0.25e9);
  });
});
