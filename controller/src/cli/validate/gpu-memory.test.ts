import { describe, expect, it } from 'vitest';
import { gpuMemoryOf, parseMemory } from './gpu-memory.js';

describe('gpuMemoryOf', () => {
  it.each([
    ['H100', 81_559 * 2 ** 20],
    ['A100-mig-1g.10gb', 10e9],
    ['A100', 40_536 * 2 ** 20],
    // The flavor of NVIDIA-GeForce-RTX-4090.
    ['RTX-4090', 24_564 * 2 ** 20],
    ['toString', undefined],
    ['ours', undefined],
  ])('%s has %s bytes', (flavor, bytes) => expect(gpuMemoryOf(flavor)).toBe(bytes));
});

describe('parseMemory', () => {
  it.each([
    ['80Gi', 80 * 2 ** 30],
    ['40960Mi', 40 * 2 ** 30],
    ['24G', 24e9],
    ['1.5GiB', 1.5 * 2 ** 30],
    ['1000', 1000],
  ])('reads %s', (text, bytes) => expect(parseMemory(text)).toBe(bytes));

  it.each(['', '80 Gi', '-1Gi', '0', 'Gi', '80Ti'])('refuses "%s"', (text) => {
    expect(() => parseMemory(text)).toThrow(/write it like 80Gi/);
  });
});
