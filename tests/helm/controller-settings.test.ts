import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { describe, expect, it } from 'vitest';
import { CASE_NAMES, goldenFile, type CaseName } from './cases.js';
import type { KubeObject } from './render-chart.js';

const source = (file: string) =>
  readFileSync(new URL(`../../controller/src/${file}`, import.meta.url), 'utf8');

/** Flags and variables that the controller reads. */
const program = source('main.ts');
const flags = new Set([...program.matchAll(/'--([a-z-]+)[ ']/g)].map(([, flag]) => flag));
const variables = new Set(program.match(/TUNEYARD_[A-Z_]+/g));

interface Container {
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly readinessProbe: { readonly httpGet: { readonly path: string } };
  readonly livenessProbe: { readonly httpGet: { readonly path: string } };
}

function containerOf(objects: readonly KubeObject[]): Container {
  const deployment = objects.find(({ kind }) => kind === 'Deployment') as
    (KubeObject & { spec: { template: { spec: { containers: Container[] } } } }) | undefined;
  const container = deployment?.spec.template.spec.containers[0];
  if (container === undefined) throw new Error('no Deployment');
  return container;
}

const objectsOf = (file: URL) =>
  parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS() as KubeObject);
const rendered = (name: CaseName) => containerOf(objectsOf(goldenFile(name)));

const flagOf = (arg: string) => /^--([a-z-]+)/.exec(arg)?.[1];
const unknownFlags = ({ args }: Container) => args.map(flagOf).filter((flag) => !flags.has(flag));
const unknownVariables = ({ env }: Container) =>
  env.map(({ name }) => name).filter((name) => name.startsWith('TUNEYARD_') && !variables.has(name));

describe('settings that the controller is given', () => {
  it('are read from its program', () => {
    expect(flags).toContain('leader-elect');
    expect(flags.size).toBeGreaterThan(8);
  });

  it.each(CASE_NAMES)('are flags and variables that it knows: %s', (name) => {
    expect(unknownFlags(rendered(name))).toEqual([]);
    expect(unknownVariables(rendered(name))).toEqual([]);
  });

  it('fit together: ports, probes and flags', () => {
    const { args, ports, readinessProbe, livenessProbe } = rendered('default');
    for (const { name, containerPort } of ports)
      expect(args).toContainEqual(
        expect.stringMatching(`^--${name}-address=0\\.0\\.0\\.0:${containerPort}$`),
      );
    const server = source('observe/status-server.ts');
    expect(server).toContain(`'${readinessProbe.httpGet.path}'`);
    expect(server).toContain(`'${livenessProbe.httpGet.path}'`);
  });
});
