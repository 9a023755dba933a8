import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { CHECKPOINT_ANNOTATION, isTrue, JOB_RESOURCE, type FineTuneJob } from '../api/index.js';
import { UserError } from '../errors.js';
import type { ChangeOptions } from './change-job.js';
import { withCluster } from './cluster.js';
import { findJob } from './find-job.js';
import { printChange } from './output.js';

export interface CheckpointOptions extends ChangeOptions {
  /** Longest wait, seconds. */
  readonly timeout: number;
}

const LOOK_EVERY_MS = 500;

/**
 * Asks a running job for a checkpoint and waits until one holds every step that was done when it was asked for.
 * @throws UserError when the job does not train, ends meanwhile, or takes too long
 */
export function checkpoint(name: string, options: CheckpointOptions): Promise<void> {
  return withCluster(options, async (cluster) => {
    const { client, namespace } = cluster;
    const place = `${namespace}/${name}`;
    const before = await findJob(cluster, name);
    refuseUnlessTraining(before, place);
    const step = before.status?.progress?.step ?? 0;
    const metadata = { annotations: { [CHECKPOINT_ANNOTATION]: randomUUID() } };
    await client.mergePatch(JOB_RESOURCE, { name, namespace }, { metadata });
    const deadline = performance.now() + options.timeout * 1000;
    for (;;) {
      const job = await findJob(cluster, name);
      const { checkpoint: newest } = job.status ?? {};
      if (newest !== undefined && newest.step >= step) {
        printChange(`${place} has a checkpoint of step ${newest.step} at ${newest.uri}`, job, options.output);
        return;
      }
      refuseUnlessTraining(job, place);
      if (performance.now() > deadline) {
        throw new UserError(
          `${place} has written no checkpoint of step ${step} in ${options.timeout} s; "tuneyard logs ${name}" may tell why`,
        );
      }
      await delay(LOOK_EVERY_MS);
    }
  });
}

function refuseUnlessTraining({ status }: FineTuneJob, place: string): void {
  if (isTrue(status?.conditions, 'Complete') || isTrue(status?.conditions, 'Failed'))
    throw new UserError(`${place} has ended (${status?.phase}); there is nothing to save`);
  if (!isTrue(status?.conditions, 'Training'))
    throw new UserError(`${place} does not train now (${status?.phase ?? 'new'}); there is nothing to save`);
}
