import { expect, it } from 'vitest';
import { giantJson } from './giant-json.js';

const of = (text: string) => giantJson(Buffer.from(text));

it('knows a JSON text that is too much by its values and its depth', () => {
  expect(of(`[${'[],'.repeat(5_000_000)}[]]`)).toBe('holds more than 8000000 values');
  expect(of('['.repeat(201))).toBe('is nested more than 200 deep');
  expect(of('['.repeat(200) + ']'.repeat(200))).toBeUndefined();
});

it('does not count what stands in texts', () => {
  expect(of(`"${'[,\\"{'.repeat(1000)}"`)).toBeUndefined();
  expect(of('{"a":"\\\\","b":[[]]}')).toBeUndefined();
});
