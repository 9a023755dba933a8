import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isInstalled, withReason } from './programs.js';
import { registries } from './registries.js';
import { panelQueries, resolved, rules } from './queries.js';

const run = promisify(execFile);
const RULES = fileURLToPath(new URL('../../deploy/prometheus/rules.yaml', import.meta.url));
const CASES = new URL('alerts.promtool.yaml', import.meta.url);

interface Cases {
  readonly tests: readonly {
    readonly alert_rule_test: readonly {
      readonly alertname: string;
      readonly exp_alerts: readonly unknown[];
    }[];
  }[];
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tuneyard-alerts-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('every alert is made to fire by some case', async () => {
  const { tests } = parse(await readFile(CASES, 'utf8')) as Cases;
  const fired = tests
    .flatMap(({ alert_rule_test }) => alert_rule_test)
    .filter(({ exp_alerts }) => exp_alerts.length > 0)
    .map(({ alertname }) => alertname);
  const alerts = rules.groups.flatMap((group) => group.rules.map(({ alert }) => alert));
  expect([...new Set(fired)].sort()).toEqual(alerts.sort());
});

describe.skipIf(!isInstalled('promtool'))(withReason('promtool', 'promtool'), () => {
  it('accepts the rules and the templates of their texts', async () => {
    await expect(run('promtool', ['check', 'rules', RULES])).resolves.toMatchObject({
      stdout: expect.stringContaining('SUCCESS') as string,
    });
  });

  it.each(['controller', 'trainer'] as const)(
    'finds nothing wrong with the metrics of the %s',
    async (program) => {
      const file = join(folder, `${program}.txt`);
      await writeFile(file, await registries[program].metrics());
      await expect(run('sh', ['-c', `promtool check metrics < ${file}`])).resolves.toMatchObject({
        stderr: '',
      });
    },
  );

  it('sees every alert fire, and be silent, as its cases say', async () => {
    // The texts are no part of the cases: they would have to be repeated there word by word.
    const bare = {
      groups: rules.groups.map((group) => ({
        ...group,
        rules: group.rules.map(({ annotations: _texts, ...rule }) => rule),
      })),
    };
    await writeFile(join(folder, 'rules.yaml'), stringify(bare));
    const cases = parse(await readFile(CASES, 'utf8')) as object;
    await writeFile(join(folder, 'cases.yaml'), stringify({ ...cases, rule_files: ['rules.yaml'] }));
    const { stdout } = await run('promtool', ['test', 'rules', join(folder, 'cases.yaml')]).catch(
      (error: { stdout: string; stderr: string }) => {
        throw new Error(`${error.stdout}\n${error.stderr}`);
      },
    );
    expect(stdout).toContain('SUCCESS');
  });

  it('parses the query of every panel', async () => {
    const asRules = {
      groups: [
        {
          name: 'panels',
          rules: panelQueries.map(({ place, expr }, index) => ({
            record: `panel:${index}`,
            expr: resolved(expr),
            labels: { place },
          })),
        },
      ],
    };
    const file = join(folder, 'panels.yaml');
    await writeFile(file, stringify(asRules, { lineWidth: 0 }));
    const { stdout } = await run('promtool', ['check', 'rules', file]);
    expect(stdout).toContain(`${panelQueries.length} rules found`);
  });
});
