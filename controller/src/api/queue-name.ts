import type { FineTuneJob } from './fine-tune-job.js';

/** The queue of a job: the one that it names, else the one that was chosen for it; '' = none. */
export const queueNameOf = ({ spec, status }: Pick<FineTuneJob, 'spec' | 'status'>): string =>
  spec.queueName === '' ? (status?.queueName ?? '') : spec.queueName;

/** The job with the name of its queue in its spec. The same object when it stands there. */
export function inItsQueue(job: FineTuneJob): FineTuneJob {
  const queueName = queueNameOf(job);
  return job.spec.queueName === queueName ? job : { ...job, spec: { ...job.spec, queueName } };
}
