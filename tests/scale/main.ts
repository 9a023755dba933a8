// Jobs through the local API server, from their creation to their end. Run after `npm run build`; --help tells how.
import { writeFileSync } from 'node:fs';
import { readOptions } from '../support/read-options.js';
import type { ScaleFigures, ScaleLoad } from './run-jobs.js';
import { runJobs } from './run-jobs.js';

const USAGE = `npm run bench:scale -- [options]

How fast jobs go through the API server and the controller: all are created at once, admitted, run by fake pods that
speak with the coordinator, finished and deleted.

  --jobs N            default 2000
  --nodes N           default 500
  --gpus-per-node N   default 8
  --queues N          default 20
  --training-ms N     how long a job trains; default 0
  --qps N             the controller's requests a second to the API server; default 0, no limit
  --burst N           and at once; default 100
  --limited-jobs N    so many once more at 50 requests a second and 100 at once, the limits of the figure that Kueue
                      publishes; default 300, 0 = not
  --json FILE         also writes the figures there
`;
const values = readOptions(USAGE, {
  jobs: { type: 'string', default: '2000' },
  nodes: { type: 'string', default: '500' },
  'gpus-per-node': { type: 'string', default: '8' },
  queues: { type: 'string', default: '20' },
  'training-ms': { type: 'string', default: '0' },
  qps: { type: 'string', default: '0' },
  burst: { type: 'string', default: '100' },
  'limited-jobs': { type: 'string', default: '300' },
  json: { type: 'string' },
});
const load: ScaleLoad = {
  jobs: Number(values.jobs),
  nodes: Number(values.nodes),
  gpusPerNode: Number(values['gpus-per-node']),
  queues: Number(values.queues),
  trainingMs: Number(values['training-ms']),
  qps: Number(values.qps),
  burst: Number(values.burst),
};
const limitedJobs = Number(values['limited-jobs']);
const loads = [load, ...(limitedJobs > 0 ? [{ ...load, jobs: limitedJobs, qps: 50, burst: 100 }] : [])];
const results: ScaleFigures[] = [];
for (const each of loads) {
  const figures = await runJobs(each);
  show(figures);
  results.push(figures);
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
process.exit();

function show(figures: ScaleFigures): void {
  for (const [name, value] of Object.entries(figures)) {
    const parts = typeof value === 'number' ? { '': value } : (value as Record<string, number>);
    const text = Object.entries(parts).map(([part, number]) =>
      `${part} ${Number.isInteger(number) ? number : number.toFixed(number < 10 ? 2 : 0)}`.trim(),
    );
    console.log(`${name.padEnd(28)} ${text.join('  ')}`);
  }
  console.log('');
}
