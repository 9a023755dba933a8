// Writes pool.json and job.json, which Grafana imports: node deploy/grafana/build.mjs && node helm/sync.mjs
import { writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { trainingJob } from './job.mjs';
import { pool } from './pool.mjs';

export const DASHBOARDS = { 'pool.json': pool, 'job.json': trainingJob };

if (process.argv[1] === new URL(import.meta.url).pathname) {
  for (const [file, dashboard] of Object.entries(DASHBOARDS)) {
    const text = await format(JSON.stringify(dashboard), { parser: 'json', printWidth: 110 });
    writeFileSync(new URL(file, import.meta.url), text);
  }
}
