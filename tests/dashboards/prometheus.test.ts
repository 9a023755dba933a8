import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isInstalled, withReason } from './programs.js';
import { panelQueries, resolved } from './queries.js';
import { openMetrics, registries, type OpenMetric } from './registries.js';

/** A real Prometheus scrapes the real registries, filled with figures, and is asked every query of every panel. */

/** Values of labels, where a query asks for certain ones. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  tuneyard_trainer_step_seconds: ['data', 'compute', 'allreduce', 'verify', 'update', 'total'],
};

interface Fillable extends OpenMetric {
  inc?(labels: object, by?: number): void;
  set?(labels: object, value: number): void;
  observe?(labels: object, value: number): void;
}

/** Everything grows with every scrape, so that rates have something to show. */
function fill(registry: Registry, scrape: number): void {
  for (const metric of openMetrics(registry) as readonly Fillable[]) {
    if (!/^(tuneyard|workqueue)_/.test(metric.name)) continue;
    for (const value of VALUES[metric.name] ?? ['x']) {
      const labels = Object.fromEntries(metric.labelNames.map((label) => [label, value]));
      if (metric.observe !== undefined) metric.observe(labels, 0.1);
      else if (metric.set !== undefined)
        metric.set(labels, metric.name.endsWith('total_steps') ? 1e6 : scrape);
      else metric.inc?.(labels, 1);
    }
  }
}

const DCGM = ['DCGM_FI_DEV_GPU_UTIL', 'DCGM_FI_DEV_FB_USED']
  .flatMap((name) =>
    ['', 'exported_'].map(
      (prefix) => `${name}{${prefix}namespace="team-legal",${prefix}pod="contracts-worker-0",gpu="0"} 42\n`,
    ),
  )
  .join('');

let folder: string;
let server: Server;
let prometheus: ChildProcess | undefined;
let url: string;

async function startPrometheus(target: string): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'tuneyard-prometheus-'));
  const job = (name: string) => ({
    job_name: name,
    honor_labels: true,
    scrape_interval: '1s',
    scrape_timeout: '1s',
    metrics_path: `/${name}`,
    static_configs: [{ targets: [target] }],
  });
  const config = { scrape_configs: ['controller', 'trainer', 'dcgm'].map(job) };
  await writeFile(join(folder, 'prometheus.yml'), stringify(config));
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  url = `http://127.0.0.1:${port}`;
  prometheus = spawn(
    'prometheus',
    [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: 'ignore' },
  );
}

async function ask(expr: string): Promise<readonly { readonly value: [number, string] }[]> {
  const response = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query: expr }).toString()}`);
  const { data, error } = (await response.json()) as {
    data?: { result: readonly { readonly value: [number, string] }[] };
    error?: string;
  };
  if (data === undefined) throw new Error(error);
  return data.result;
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 30_000;
  while (!(await holds().catch(() => false))) {
    if (Date.now() > end) throw new Error(`${what}: not within 30 s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe.skipIf(!isInstalled('prometheus'))(withReason('a real Prometheus', 'prometheus'), () => {
  beforeAll(async () => {
    let scrapes = 0;
    server = createServer((request, response): void => {
      const name = (request.url ?? '').slice(1) as 'controller' | 'trainer' | 'dcgm';
      if (name === 'dcgm') {
        response.end(DCGM);
        return;
      }
      fill(registries[name], ++scrapes);
      void registries[name].metrics().then((text) => response.end(text));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    await startPrometheus(`127.0.0.1:${(server.address() as AddressInfo).port}`);
    // Rates need two scrapes of every program.
    for (const series of ['tuneyard_leader', 'tuneyard_trainer_step', 'DCGM_FI_DEV_GPU_UTIL'])
      await until(
        series,
        async () => Number((await ask(`max(count_over_time(${series}[1m]))`))[0]?.value[1]) >= 4,
      );
  });

  afterAll(async () => {
    prometheus?.kill('SIGTERM');
    if (prometheus !== undefined) await once(prometheus, 'exit');
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });

  it.each(panelQueries.map(({ place, expr }) => [place, expr] as const))(
    '%s has data',
    async (_place, expr) => {
      const result = await ask(resolved(expr));
      expect(result.length, expr).toBeGreaterThan(0);
      for (const { value } of result) expect(value[1], expr).not.toBe('NaN');
    },
  );
});
