import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { REPOSITORY } from '../support/repository.js';

/** Commands of the docs that cannot run on a machine without containers, and what of them can be checked. */
export interface NotRunHere {
  readonly command: RegExp;
  readonly reason: string;
  /** What is wrong with it, as far as that can be told. */
  readonly problems: (command: string) => readonly string[];
}

const inRepository = (path: string) => existsSync(join(REPOSITORY, path));
const unless = (holds: boolean, problem: string) => (holds ? [] : [problem]);
const nothing = () => [];

/** Flags that the docs may use, of the verbs below. */
const HELM_VERBS = ['install', 'upgrade', 'test', 'rollback', 'uninstall'];
const HELM_FLAGS = new Set(['--namespace', '--create-namespace', '--wait', '--set', '--values']);

function helmProblems(command: string): readonly string[] {
  const [, verb = '', release = '', chart] = command.split(/\s+/);
  const flags = command.match(/(?<=\s)--[a-z-]+/g) ?? [];
  const values = parse(readFileSync(join(REPOSITORY, 'helm/tuneyard/values.yaml'), 'utf8')) as object;
  const settings = [...command.matchAll(/--set ([\w.]+)=/g)].map(([, path = '']) => path);
  return [
    ...unless(HELM_VERBS.includes(verb), `helm has no ${verb}`),
    ...unless(release === 'tuneyard', 'the release has no name'),
    ...(['install', 'upgrade'].includes(verb)
      ? unless(inRepository(`${chart}/Chart.yaml`), `${chart} is no chart`)
      : []),
    ...flags.filter((flag) => !HELM_FLAGS.has(flag)).map((flag) => `helm may not know ${flag}`),
    ...settings.filter((path) => !hasPath(values, path.split('.'))).map((path) => `the chart has no ${path}`),
  ];
}

const hasPath = (value: unknown, [key, ...rest]: readonly string[]): boolean =>
  key === undefined ||
  (typeof value === 'object' &&
    value !== null &&
    key in value &&
    hasPath((value as Record<string, unknown>)[key], rest));

function buildProblems(command: string): readonly string[] {
  const [, file = ''] = /-f (\S+)/.exec(command) ?? [];
  const [, stage] = /--target (\S+)/.exec(command) ?? [];
  const text = inRepository(file) ? readFileSync(join(REPOSITORY, file), 'utf8') : '';
  return [
    ...unless(text !== '', `${file} does not exist`),
    ...(stage === undefined ? [] : unless(new RegExp(` AS ${stage}$`, 'm').test(text), `no stage ${stage}`)),
  ];
}

const copyProblems = (command: string) => {
  const [, from = ''] = /^docker cp (\S+)/.exec(command) ?? [];
  return from.includes(':') ? [] : unless(inRepository(from), `${from} does not exist`);
};

export const NOT_RUN_HERE: readonly NotRunHere[] = [
  { command: /^helm /, reason: 'no helm; tests/helm renders and applies the chart', problems: helmProblems },
  { command: /^docker buildx build /, reason: 'images cannot be built', problems: buildProblems },
  { command: /^docker cp /, reason: 'no containers', problems: copyProblems },
  { command: /^docker exec /, reason: 'no containers', problems: nothing },
  { command: /^kind (create|delete) cluster |^kind load /, reason: 'no containers', problems: nothing },
  { command: /^npm ci$/, reason: 'it would install what runs this test anew', problems: nothing },
  { command: /^npm test$/, reason: 'it runs this test', problems: nothing },
  { command: /^npm run quickstart$/, reason: 'run by tests/e2e/quickstart.test.ts', problems: nothing },
];
