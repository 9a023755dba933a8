// Draws the panels of the dashboards to deploy/docs/panels, from a real Prometheus that watches a small job on this machine.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { startServer } from '@tuneyard/controller/test-servers';
import { stringify } from 'yaml';
import { JOBS, PODS } from '../e2e/controller/kinds.js';
import { startTrainingCluster } from '../e2e/training-cluster.js';
import { REPOSITORY } from '../support/repository.js';
import { tuneyard } from '../support/run-command.js';
import { readOptions } from '../support/read-options.js';
import { drawDashboard, type Series } from './draw-dashboard.js';

const USAGE = `node tests/dist/docs/panels.js [options]

Draws the panels of the Grafana dashboards as SVG, with figures of a job of a tiny model that runs meanwhile. Panels of
NVIDIA's DCGM exporter have no data on a machine without GPUs. Needs Debian's package prometheus.

  --seconds N    for how long figures are collected; default 90
`;
const values = readOptions(USAGE, { seconds: { type: 'string', default: '90' } });
const seconds = Number(values.seconds);

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat?: string }[];
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
}
interface Dashboard {
  readonly title: string;
  readonly panels: readonly Panel[];
}
interface Found {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

const JOB = 'contracts';
const cluster = await startTrainingCluster();
const at = (name: string) => ({ name, namespace: 'default' });

/** One job gives its GPUs back, another one comes and ends, and a worker is killed. */
async function disturb(): Promise<void> {
  await cluster.client.mergePatch(JOBS, at('letters'), { spec: { suspend: true } });
  await cluster.submit('memo', { priority: 1, training: { steps: 5 }, workers: { min: 2, max: 2 } });
  await cluster.client.delete(PODS, at(`${JOB}-worker-1`), { gracePeriodSeconds: 0 });
  await cluster.jobWhen('memo', 'is complete', ({ status }) => status?.phase === 'Complete');
  await cluster.jobWhen(JOB, 'is whole again', ({ status }) => status?.workers?.ready === 2);
}

const closers = [() => cluster.close()];
try {
  await cluster.submit(JOB, {
    training: {
      steps: 100_000,
      batchSize: 8,
      microBatchSize: 1,
      evalEverySteps: 20,
      verifyEverySteps: 25,
      checkpoint: { everySteps: 100 },
    },
    dataset: {
      sources: [{ uri: pathToFileURL(join(cluster.folder, 'data.jsonl')).href }],
      split: { train: 0.75, validation: 0.25, test: 0 },
      maxLength: 64,
    },
    workers: { min: 2, max: 2 },
  });
  await cluster.submit('letters', { training: { steps: 100_000 }, workers: { min: 2, max: 2 } });
  await cluster.submit('waits', { workers: { min: 4, max: 4 } });
  await cluster.jobWhen(JOB, 'trains', ({ status }) => (status?.progress?.step ?? 0) >= 3);
  const targetsFile = join(cluster.folder, 'trainers.json');
  const findTrainers = async () => {
    const { stdout } = await tuneyard('logs', JOB, '--kubeconfig', cluster.kubeconfig);
    const targets = [...stdout.matchAll(/"url":"http:\/\/([^/"]+)/g)].map(([, target = '']) => target);
    writeFileSync(targetsFile, JSON.stringify([{ targets }]));
  };
  await findTrainers();
  const job = (name: string, where: object) => ({
    job_name: name,
    honor_labels: true,
    scrape_interval: '1s',
    scrape_timeout: '1s',
    ...where,
  });
  const controller = new URL(cluster.controller.metricsUrl).host;
  const config = stringify({
    scrape_configs: [
      job('controller', { static_configs: [{ targets: [controller] }] }),
      job('trainer', { file_sd_configs: [{ files: [targetsFile] }] }),
    ],
  });
  const prometheus = await startServer(
    'prometheus',
    (port, folder) => [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { 'prometheus.yml': () => config },
  );
  closers.unshift(() => prometheus.close());
  const begin = Date.now() / 1000;
  await delay((seconds * 1000) / 3);
  await disturb();
  await findTrainers();
  await delay((seconds * 2000) / 3);
  const end = Date.now() / 1000;

  const ask = async (expr: string): Promise<readonly Found[]> => {
    const query = expr
      .replaceAll(/\$__rate_interval|\[\d+[mh]\]/g, (text) => (text.startsWith('[') ? '[15s]' : '15s'))
      .replaceAll('$queue', '.*')
      .replaceAll('$namespace', 'default')
      .replaceAll('$job', JOB);
    const window = { start: String(begin + 5), end: String(end), step: '1' };
    const response = await fetch(
      `http://127.0.0.1:${prometheus.port}/api/v1/query_range?${new URLSearchParams({ query, ...window }).toString()}`,
    );
    const { data } = (await response.json()) as { data?: { result: readonly Found[] } };
    return data?.result ?? [];
  };
  const seriesOf = async ({ targets = [] }: Panel): Promise<Series[]> => {
    const found = await Promise.all(
      targets.map(async ({ expr, legendFormat = '' }) =>
        (await ask(expr)).map(({ metric, values: points }) => ({
          name: legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? ''),
          values: points.map(([, value]) => Number(value)),
        })),
      ),
    );
    return found.flat();
  };

  const folder = join(REPOSITORY, 'deploy/docs/panels');
  mkdirSync(folder, { recursive: true });
  for (const name of ['pool', 'job']) {
    const { title, panels } = JSON.parse(
      readFileSync(join(REPOSITORY, `deploy/grafana/${name}.json`), 'utf8'),
    ) as Dashboard;
    const drawn = await Promise.all(
      panels.map(async (panel) => ({
        title: panel.title,
        type: panel.type,
        unit: panel.fieldConfig?.defaults.unit ?? '',
        grid: panel.gridPos,
        series: await seriesOf(panel),
      })),
    );
    const file = join(folder, `${name}.svg`);
    writeFileSync(file, drawDashboard(title, drawn));
    const empty = drawn.filter(({ series, type }) => series.length === 0 && type !== 'row');
    console.log(`${file}: without figures: ${empty.map((panel) => panel.title).join(', ')}`);
    console.log(`${file}: ${drawn.filter(({ series }) => series.length > 0).length} panels with figures`);
  }
} finally {
  for (const close of closers) await close();
}
