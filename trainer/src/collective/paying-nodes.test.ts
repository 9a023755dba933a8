import { expect, it } from 'vitest';

import { payingNodes } from './paying-nodes.js';

it('sums by node as soon as two share one of several', () => {
  expect(payingNodes(['a', 'a', 'b'])).toEqual(['a', 'a', 'b']);
});

it.each([
  ['all are on one', ['a', 'a', 'a']],
  ['each has its own', ['a', 'b', 'c']],
  ['there is one member', ['a']],
  ['nothing is known of any', ['', '', '']],
])('does not where %s', (_, nodes) => {
  expect(payingNodes(nodes)).toBeUndefined();
});

it('takes members of no known node for strangers to each other', () => {
  const nodes = payingNodes(['a', '', 'a', '']) ?? [];
  expect(nodes[0]).toBe(nodes[2]);
  expect(new Set(nodes).size).toBe(3);
});
