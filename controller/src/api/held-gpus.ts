import type { FineTuneJob } from './fine-tune-job.js';
import { isTrue } from './conditions.js';

/**
 * GPUs that the job holds by its placement: with the size of worker that it was admitted with, whatever its spec says by
 * now. `workers.desired` is written together with the placement and counts its nodes.
 */
export function heldGpus({ spec, status }: FineTuneJob): number {
  const { placement, workers } = status ?? {};
  if (placement === undefined || !isTrue(status?.conditions, 'Admitted')) return 0;
  const each = placement.gpusPerWorker ?? spec.workers?.gpusPerWorker ?? 1;
  return (workers?.desired ?? placement.nodes.length) * each;
}
