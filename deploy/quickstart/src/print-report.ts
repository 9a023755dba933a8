import { duration, plotLoss } from '@tuneyard/controller/display';
import type { ExampleJob } from './apply-example.js';
import type { Cluster } from './cluster.js';
import type { JobResult } from './follow-job.js';

/** What came out, and where to look next. */
export function printReport(
  cluster: Cluster,
  job: ExampleJob,
  result: JobResult & { readonly seconds: number },
  { keep }: { readonly keep: boolean },
): void {
  const out = (line = ''): void => console.log(line);
  out('\nTraining loss, nats per token');
  for (const line of plotLoss(result.losses)) out(line);
  out(`${result.steps} steps in ${duration(result.trainSeconds)}; everything in ${duration(result.seconds)}`);

  out('\nHeld-out test split      base    tuned');
  for (const { metric, base, tuned, examples } of result.evaluation) {
    if (metric !== 'exactMatch') continue;
    out(`exact match (${examples} rows)`.padEnd(22) + percent(base).padStart(7) + percent(tuned).padStart(9));
  }
  out(`\nThe adapter (loads in Hugging Face PEFT): ${job.outputFolder}`);

  out(
    keep
      ? '\nLook around:'
      : '\nTo look around while it runs, start with "npm run quickstart -- --keep", then:',
  );
  out(`  kubectl --kubeconfig ${cluster.kubeconfig} get ftj`);
  out(`  curl ${cluster.metricsUrl}/metrics`);
  out(`  npx tuneyard logs -f ${job.name} --kubeconfig ${cluster.kubeconfig}`);
  if (!keep) return;
  out('\nSee it survive: apply a job, end the controller, and start it again while the trainers go on:');
  out(`  kill -9 ${cluster.controllerPid}`);
  out(`  ${cluster.controllerCommand}`);
}

function percent(share: number | undefined): string {
  return share === undefined ? '–' : `${(100 * share).toFixed(1)} %`;
}
