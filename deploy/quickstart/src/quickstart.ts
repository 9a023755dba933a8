import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { ProgressDisplay } from '@tuneyard/controller/display';
import { applyExample } from './apply-example.js';
import { Cluster } from './cluster.js';
import { followJob } from './follow-job.js';
import { printReport } from './print-report.js';

export interface QuickstartOptions {
  readonly keep: boolean;
  readonly json?: string;
  readonly port: number;
}

/** Starts everything, runs the example job, prints what came out, and takes everything down again. */
export async function quickstart(options: QuickstartOptions, interrupted: AbortSignal): Promise<void> {
  const started = performance.now();
  const display = new ProgressDisplay(process.stderr);
  const cluster = await Cluster.start({ apiPort: options.port, onLine: (line) => display.line(line) });
  try {
    const job = await applyExample(cluster);
    display.line(
      `applied queue ${job.queueName} and job ${job.namespace}/${job.name}; it waits for its GPUs`,
    );
    const result = await followJob(cluster, job, display, interrupted);
    display.end();
    const figures = { ...result, seconds: (performance.now() - started) / 1000 };
    printReport(cluster, job, figures, options);
    if (options.json !== undefined) {
      const text = `${JSON.stringify({ job, ...figures }, null, 2)}\n`;
      if (options.json === '-') process.stdout.write(text);
      else writeFileSync(options.json, text);
    }
    if (options.keep && !interrupted.aborted) {
      console.error('\nThe control plane stays up; Ctrl-C ends it.');
      await once(interrupted, 'abort');
    }
  } finally {
    await cluster.close();
  }
}
