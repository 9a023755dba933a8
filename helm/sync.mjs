// Copies what the chart ships from where it is kept: CRDs, dashboards and alert rules. A test holds them equal.
import { cpSync, mkdirSync } from 'node:fs';

const root = new URL('../', import.meta.url);

/** From, to; relative to the repository root. */
export const COPIES = [
  ['deploy/crds/finetunejobs.yaml', 'helm/tuneyard/crds/finetunejobs.yaml'],
  ['deploy/crds/gpuqueues.yaml', 'helm/tuneyard/crds/gpuqueues.yaml'],
  ['deploy/grafana/pool.json', 'helm/tuneyard/files/dashboards/pool.json'],
  ['deploy/grafana/job.json', 'helm/tuneyard/files/dashboards/job.json'],
  ['deploy/prometheus/rules.yaml', 'helm/tuneyard/files/rules.yaml'],
];

if (process.argv[1] === new URL(import.meta.url).pathname) {
  mkdirSync(new URL('helm/tuneyard/files/dashboards/', root), { recursive: true });
  for (const [from, to] of COPIES) cpSync(new URL(from, root), new URL(to, root));
}
