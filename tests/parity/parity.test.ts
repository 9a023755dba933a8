import { fileURLToPath } from 'node:url';
import { selectBackend } from '@tuneyard/trainer/tensor';
import { beforeAll, describe, expect, it } from 'vitest';
import { caseNames, readCase } from './case-files.js';
import { BARS, runCase } from './run-case.js';

const cases = fileURLToPath(new URL('cases', import.meta.url));

describe('training equals the reference', () => {
  beforeAll(() => selectBackend({ force: 'wasm' }));

  it.each(caseNames(cases))('%s', async (name) => {
    const result = await runCase(readCase(cases, name), { gradientCheckpointing: false });
    expect(result.complaints).toEqual([]);
    expect(result.loss).toBeLessThanOrEqual(BARS.loss);
    expect(result.gradientNorm).toBeLessThanOrEqual(BARS.gradientNorm);
    expect(result.adapter).toBeLessThanOrEqual(BARS.adapter);
    expect(result.logits).toBeLessThanOrEqual(BARS.logits);
  });
});
