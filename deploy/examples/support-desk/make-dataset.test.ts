import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { makeWorld } from '../base-model/make-corpus.js';
import type { Row } from '../language/questions.js';
import { makeDataset } from './make-dataset.js';

/** The question without the names, codes and situations that fill it. */
const phrasingOf = ({ instruction, input }: Row) =>
  `${instruction}|${input}`.replaceAll(/[A-Z]{2}-\d{3}/g, '#').replaceAll(/[A-Z][a-z]+/g, '#');
const questionOf = ({ instruction, input }: Row) => `${instruction}|${input}`;

describe.each([1, 2, 3])('the data set of seed %i', (seed) => {
  const { train, validation, test } = makeDataset(seed);
  const heldOut = [...validation, ...test];

  it('is divided 80/10/10', () => {
    const total = train.length + heldOut.length;
    expect(train.length / total).toBeCloseTo(0.8, 2);
    expect(validation.length / total).toBeCloseTo(0.1, 2);
    expect(total).toBeGreaterThan(400);
  });

  it('asks the held-out questions in words that no training row uses', () => {
    const trained = new Set(train.map(phrasingOf));
    expect(heldOut.filter((row) => trained.has(phrasingOf(row)))).toEqual([]);
    expect(new Set([...train, ...heldOut].map(questionOf)).size).toBe(train.length + heldOut.length);
  });

  it('teaches every answer that it asks for', () => {
    const taught = new Set(train.map(({ output }) => output));
    expect(heldOut.filter(({ output }) => !taught.has(output))).toEqual([]);
  });

  it('applies the repair rule to codes that no training row has', () => {
    const codeIn = (row: Row) => /[A-Z]{2}-\d{3}/.exec(questionOf(row))?.[0];
    const trained = new Set(train.map(codeIn));
    const asked = heldOut.map(codeIn).filter((code) => code !== undefined);
    expect(asked.length).toBeGreaterThan(3);
    expect(asked.filter((code) => trained.has(code))).toEqual([]);
  });

  it('is in both languages and about things the base model has not read of', () => {
    const chinese = test.filter((row) => /\p{Script=Han}/u.test(row.instruction)).length;
    expect(chinese / test.length).toBeGreaterThan(0.3);
    expect(chinese / test.length).toBeLessThan(0.7);
    const { taken } = makeWorld();
    const codes = train.map(({ output }) => output).filter((output) => /^[A-Z]{2}-\d{3}$/.test(output));
    expect(codes.length).toBeGreaterThan(20);
    expect(codes.filter((code) => taken.has(code))).toEqual([]);
  });
});

it('the committed files are those of seed 1', () => {
  const { train, validation, test } = makeDataset(1);
  for (const [name, rows] of [
    ['train', train],
    ['validation', validation],
    ['test', test],
  ] as const) {
    const text = readFileSync(new URL(`${name}.jsonl`, import.meta.url), 'utf8');
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line): unknown => JSON.parse(line)),
    ).toEqual(rows);
  }
});
