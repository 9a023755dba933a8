import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { engineModule, renderChart, type Rendered, type Values } from './render-chart.js';

const folder = new URL('./', import.meta.url);
const PROMETHEUS_OPERATOR = 'monitoring.coreos.com/v1';

/** The settings whose renders are kept: `plain` is deploy/controller, for those without Helm, the others are under golden/. */
export const CASES = {
  default: [],
  ha: [PROMETHEUS_OPERATOR],
  'external-stores': [PROMETHEUS_OPERATOR],
  minimal: [],
  plain: [],
} as const satisfies Record<string, readonly string[]>;

export type CaseName = keyof typeof CASES;
export const CASE_NAMES = Object.keys(CASES) as CaseName[];

export const valuesOf = (name: CaseName): Values =>
  name === 'default' ? {} : (parse(readFileSync(new URL(`values/${name}.yaml`, folder), 'utf8')) as Values);

export const renderCase = (name: CaseName): Rendered =>
  renderChart({
    values: valuesOf(name),
    apiVersions: CASES[name],
    ...(name === 'plain' ? { service: 'kubectl' } : {}),
  });

export const goldenFile = (name: CaseName) =>
  new URL(name === 'plain' ? '../../deploy/controller/tuneyard.yaml' : `golden/${name}.yaml`, folder);

/** Why tests of renders are skipped, or undefined. */
export const skipReason =
  engineModule === undefined ? '@promptctl/go-template-js is not installed' : undefined;
