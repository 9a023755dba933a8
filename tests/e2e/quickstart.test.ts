import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { REPOSITORY, runNode } from '../support/run-command.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tuneyard-e2e-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Figures {
  readonly steps: number;
  readonly evaluation: readonly { metric: string; base?: number; tuned: number; examples: number }[];
}

it('runs the example job from apply to adapter and tunes what the base model does not know', async () => {
  const json = join(folder, 'figures.json');
  const result = await runNode(join(REPOSITORY, 'deploy/quickstart/dist/main.js'), '--json', json);
  expect(result.stderr + result.stdout).toContain('job is Complete');
  expect(result.code).toBe(0);

  const { evaluation } = JSON.parse(readFileSync(json, 'utf8')) as Figures;
  const exactMatch = evaluation.find(({ metric }) => metric === 'exactMatch');
  expect(exactMatch?.base).toBeLessThan(0.1);
  expect(exactMatch?.tuned).toBeGreaterThan(0.9);
  expect(exactMatch?.examples).toBeGreaterThanOrEqual(20);
  expect(result.stdout).toMatch(/Held-out test split +base +tuned/);
  for (const command of ['kubectl --kubeconfig', '/metrics', 'tuneyard logs -f']) {
    expect(result.stdout).toContain(command);
  }
}, 240_000);
