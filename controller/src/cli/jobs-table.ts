import { queueNameOf, type FineTuneJob } from '../api/index.js';
import { duration } from './display/index.js';
import type { Column } from './output.js';

const secondsSince = (time: string | undefined) =>
  time === undefined ? undefined : duration((Date.now() - Date.parse(time)) / 1000);

const secondsUntil = (time: string | undefined) =>
  time === undefined ? undefined : duration((Date.parse(time) - Date.now()) / 1000);

/** What tables say of jobs, as `kubectl get` does. */
export const JOB_COLUMNS: readonly Column<FineTuneJob>[] = [
  { heading: 'NAME', value: ({ metadata }) => metadata.name },
  { heading: 'QUEUE', value: queueNameOf },
  { heading: 'PHASE', value: ({ status }) => status?.phase },
  { heading: 'METHOD', value: ({ status }) => status?.resolved?.method?.type },
  { heading: 'GPUS', value: ({ status }) => status?.columns?.gpus },
  { heading: 'FLAVOR', value: ({ status }) => status?.columns?.flavor },
  { heading: 'PRIORITY', value: ({ spec }) => spec.priority },
  { heading: 'WORKERS', value: ({ status }) => status?.workers?.ready },
  { heading: 'STEP', value: ({ status }) => status?.columns?.step ?? status?.progress?.step },
  { heading: 'LOSS', value: ({ status }) => status?.progress?.trainLoss?.toPrecision(4) },
  {
    heading: 'ETA',
    value: ({ status }) =>
      status?.completionTime === undefined
        ? secondsUntil(status?.progress?.estimatedCompletionTime)
        : undefined,
  },
  { heading: 'AGE', value: ({ metadata }) => secondsSince(metadata.creationTimestamp) },
  { heading: 'POSITION', value: ({ status }) => status?.queue?.position, wide: true },
  {
    heading: 'MESSAGE',
    value: ({ status }) => status?.columns?.message ?? status?.queue?.message,
    wide: true,
  },
];

export const NAMESPACE_COLUMN: Column<FineTuneJob> = {
  heading: 'NAMESPACE',
  value: ({ metadata }) => metadata.namespace,
};
