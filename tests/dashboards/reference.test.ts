import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { exportedMetrics } from './registries.js';

const folder = new URL('../../deploy/docs/', import.meta.url);
const { referencePages } = (await import(new URL('build-reference.mjs', folder).href)) as {
  referencePages: () => Promise<Record<string, string>>;
};

describe('the generated reference', () => {
  it('is current (npm run build && node deploy/docs/build-reference.mjs)', async () => {
    const pages = await referencePages();
    expect(readdirSync(new URL('reference/', folder)).sort()).toEqual(Object.keys(pages).sort());
    for (const [name, page] of Object.entries(pages))
      expect(readFileSync(new URL(`reference/${name}`, folder), 'utf8'), name).toBe(page);
  });

  it('has every metric, each with a meaning', () => {
    const page = readFileSync(new URL('reference/metrics.md', folder), 'utf8');
    for (const { name, help } of exportedMetrics.filter((metric) => metric.name.startsWith('tuneyard_'))) {
      expect(page).toContain(`\`${name}\``);
      expect(help.length, name).toBeGreaterThan(8);
    }
  });

  it('has every value of the chart, each with a meaning', () => {
    const page = readFileSync(new URL('reference/values.md', folder), 'utf8');
    const rows = page.split('\n').filter((line) => line.startsWith('| `'));
    expect(rows.length).toBeGreaterThan(80);
    for (const row of rows) expect(row.split(' | ').at(-1)?.trim().length, row).toBeGreaterThan(8);
  });

  it('names units: seconds and bytes, never milliseconds; counters end in _total', () => {
    for (const { name, type } of exportedMetrics.filter((metric) => metric.name.startsWith('tuneyard_'))) {
      expect(name).not.toMatch(/_(ms|millis|milliseconds|mb|kb|gb)(_|$)/);
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
    }
  });
});
