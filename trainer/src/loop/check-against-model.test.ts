import { describe, expect, it } from 'vitest';
import type { PreparedData } from '../data/index.js';
import type { ModelConfig } from '../model/index.js';
import { checkAgainstModel } from './check-against-model.js';

const model = { vocabularySize: 512, maxPositions: 512 } as ModelConfig;
const rotated: ModelConfig = { ...model, rope: { type: 'default', theta: 10_000 } };
const dataOf = (...ids: number[]) =>
  ({
    train: [
      {
        weight: 1,
        examples: [
          {
            inputIds: Int32Array.from(ids),
            trained: new Uint8Array(ids.length).fill(1),
            promptLength: 0,
            reference: '',
            place: 'rows.jsonl:1',
          },
        ],
      },
    ],
    validation: [],
    test: [],
  }) as unknown as PreparedData;
const long = dataOf(...Array.from({ length: 640 }, () => 5));

describe('checkAgainstModel', () => {
  it('refuses a text longer than learned positions', () => {
    expect(() => checkAgainstModel(model, long, undefined)).toThrow(
      'dataset.maxLength: the longest example (rows.jsonl:1) has 640 tokens, the model 512 positions; lower dataset.maxLength to 512 or less.',
    );
  });

  it('warns of one longer than a model with rotated positions was trained for', () => {
    expect(checkAgainstModel(rotated, long, undefined)).toEqual([
      'the longest example (rows.jsonl:1) has 640 tokens, the model 512 positions: beyond them it was never trained; lower dataset.maxLength to 512 or less',
    ]);
    expect(checkAgainstModel(rotated, dataOf(1, 2), undefined)).toEqual([]);
  });

  it('refuses a token that the embedding lacks', () => {
    expect(() => checkAgainstModel(rotated, dataOf(1, 512), undefined)).toThrow(
      "rows.jsonl:1: token id 512 is outside the model's vocabulary of 512",
    );
  });
});
