import { TrainerConfig, type LoraConfig } from '@tuneyard/proto';
import { describe, expect, it } from 'vitest';
import { loraMethod } from '../adapter/testing/tiny-models.js';
import type { PreparedData } from '../data/index.js';
import type { LocalJob } from '../storage/index.js';
import { runFingerprint } from './run-fingerprint.js';

const data = { train: [] as readonly unknown[] } as PreparedData;

function fingerprint(lora: Partial<LoraConfig>): string {
  const asked = TrainerConfig.fromPartial({ method: loraMethod(lora) });
  return runFingerprint({ asked, versions: [] as readonly string[] } as LocalJob, data);
}

describe('runFingerprint of a LoRA', () => {
  it('is what it was before the fields that choose layers were there', () => {
    const asked = TrainerConfig.fromPartial({ method: loraMethod() });
    const { rank, alpha, dropout, targetModules, variant, init, initFrom, loraPlusRatio, initFromSecret } =
      loraMethod().lora as LoraConfig;
    const before = {
      rank,
      alpha,
      dropout,
      targetModules,
      variant,
      init,
      initFrom,
      loraPlusRatio,
      initFromSecret,
    };
    const job = {
      asked: { ...asked, method: { ...asked.method, lora: before } },
      versions: [] as readonly string[],
    };
    expect(fingerprint({})).toBe(runFingerprint(job as unknown as LocalJob, data));
  });

  it('does not depend on the order of patterns, and does on each of the fields', () => {
    const patterns = { rankPattern: { a: 1, b: 2 } };
    expect(fingerprint({ rankPattern: { b: 2, a: 1 } })).toBe(fingerprint(patterns));
    const all = [
      {},
      patterns,
      { alphaPattern: { a: 1 } },
      { excludeModules: ['a'] },
      { layersToTransform: [0] },
      { layersPattern: ['a'] },
      { modulesToSave: ['a'] },
      { dora: true },
    ].map(fingerprint);
    expect(new Set(all).size).toBe(all.length);
  });
});
