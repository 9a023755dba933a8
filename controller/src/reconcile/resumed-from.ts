import type { FineTuneJob, FineTuneJobStatus } from '../api/index.js';
import { isTrue } from '../api/index.js';
import type { JobTrainingState } from '../coordinator/job-coordinator.js';
import { rfc3339 } from './next-status.js';

/** The checkpoint that the attempt began at, as it stands in the status. Equal reports give equal objects. */
export function resumedFrom(
  { metadata, status }: FineTuneJob,
  training: JobTrainingState | undefined,
  now: number,
): Pick<FineTuneJobStatus, 'resumedFrom'> {
  const before = status?.resumedFrom;
  const reported = training?.resumedFrom;
  if (reported === undefined) return before === undefined ? {} : { resumedFrom: before };
  const { step, uri, job } = reported;
  const isOfAttempt = Date.parse(before?.time ?? '') >= Date.parse(status?.placement?.time ?? '');
  const isKnown = before?.step === step && before.uri === uri && isOfAttempt;
  // While it trains, nothing is resumed: a coordinator that lost its state hears the same again.
  if (before !== undefined && (isKnown || isTrue(status?.conditions, 'Training')))
    return { resumedFrom: before };
  const isOwn = job?.uid === metadata.uid;
  const writer = isOwn
    ? {}
    : job === undefined
      ? { job: 'unknown' }
      : { job: `${job.namespace}/${job.name}`, uid: job.uid };
  return { resumedFrom: { step, uri, time: rfc3339(now), ...writer } };
}

/** Such as: "goes on from step 664 of s3://runs/a-checkpoints/…/step-00000664". */
export function describeResumption({ step, uri, job, uid }: NonNullable<FineTuneJobStatus['resumedFrom']>) {
  const from = `goes on from step ${step} of ${uri}`;
  if (job === undefined) return from;
  return uid === undefined
    ? `${from}, which does not say what job wrote it`
    : `${from}, written by another job: ${job} (uid ${uid})`;
}
