import { expect, it } from 'vitest';
import { dropoutSeed } from './seeds.js';

it('gives every micro-batch of every step a seed of its own, the same each time', () => {
  const seeds = new Set<number>();
  for (let step = 1; step <= 200; step++) {
    for (let index = 0; index < 16; index++) seeds.add(dropoutSeed(42, step, index));
  }
  expect(seeds.size).toBe(3200);
  expect(dropoutSeed(42, 7, 3)).toBe(dropoutSeed(42, 7, 3));
  expect(dropoutSeed(43, 7, 3)).not.toBe(dropoutSeed(42, 7, 3));
});
