import { GPU_QUEUE_KIND, QUEUE_RESOURCE, type GpuQueue } from '../api/index.js';
import { withCluster, type ClusterOptions } from './cluster.js';
import { listAll } from './find-job.js';
import { formatColumns, formatObjects, isTable, type Column, type ListFormat } from './output.js';

export interface QueuesOptions extends ClusterOptions {
  readonly output: ListFormat;
}

/** A line of the table: a flavor of a queue. */
interface Row {
  readonly queue: GpuQueue;
  readonly flavor: string;
  readonly nominal: number;
}

type Usage = NonNullable<NonNullable<GpuQueue['status']>['usage']>[number];

const usageOf = ({ queue, flavor }: Row): Partial<Usage> =>
  queue.status?.usage?.find((entry) => entry.flavor === flavor) ?? {};

const COLUMNS: readonly Column<Row>[] = [
  { heading: 'NAME', value: ({ queue }) => queue.metadata.name },
  { heading: 'COHORT', value: ({ queue }) => queue.spec.cohort },
  { heading: 'FLAVOR', value: ({ flavor }) => flavor },
  { heading: 'NOMINAL', value: ({ nominal }) => nominal },
  { heading: 'USED', value: (row) => usageOf(row).used ?? 0 },
  { heading: 'ENDING', value: (row) => usageOf(row).ending ?? 0, wide: true },
  { heading: 'BORROWED', value: (row) => usageOf(row).borrowed ?? 0 },
  { heading: 'RESERVED', value: (row) => usageOf(row).reserved ?? 0, wide: true },
  { heading: 'PENDING', value: (row) => usageOf(row).pending ?? 0 },
  { heading: 'RUNNING', value: ({ queue }) => queue.status?.admittedJobs ?? 0 },
  { heading: 'WAITING', value: ({ queue }) => queue.status?.pendingJobs ?? 0 },
  { heading: 'INADMISSIBLE', value: ({ queue }) => queue.status?.inadmissibleJobs ?? 0, wide: true },
  {
    heading: 'STATE',
    value: ({ queue }) =>
      findings(queue)
        .map(({ reason }) => reason)
        .join(',') || 'Ready',
    wide: true,
  },
];

/**
 * Prints what each queue may use and uses, one line a flavor, in GPUs; RUNNING and WAITING count jobs. Sentences below the
 * table say what is wrong with a queue, and which of its GPUs will come free by themselves.
 */
export function printQueues(options: QueuesOptions): Promise<void> {
  return withCluster(options, async (cluster) => {
    const queues = await listAll<GpuQueue>(cluster, QUEUE_RESOURCE);
    const { output } = options;
    process.stdout.write(
      isTable(output)
        ? `${formatColumns(queues.flatMap(rowsOfQueue), COLUMNS, output)}${queues.flatMap(notesOfQueue).join('')}`
        : formatObjects(queues, { format: output, kind: GPU_QUEUE_KIND }),
    );
  });
}

/** The lines of a queue: its quotas, and what it holds of flavors whose quota was taken away. */
export function rowsOfQueue(queue: GpuQueue): Row[] {
  const { quotas } = queue.spec;
  const granted = quotas.map(({ flavor }) => flavor);
  const others = (queue.status?.usage ?? []).filter(
    ({ flavor, used }) => used > 0 && !granted.includes(flavor),
  );
  return [
    ...quotas.map(({ flavor, nominal }) => ({ queue, flavor, nominal })),
    ...others.map(({ flavor }) => ({ queue, flavor, nominal: 0 })),
  ];
}

/** What the figures of a queue do not say, a sentence a line, newline included. */
export function notesOfQueue(queue: GpuQueue): string[] {
  const ending = (queue.status?.usage ?? []).flatMap(({ flavor, ending: gpus = 0 }) =>
    gpus === 0 ? [] : [`${gpus} of the used ${flavor} are of pods that are ending`],
  );
  const found = findings(queue).map(({ reason, message }) => `${reason}: ${message}`);
  return [...found, ...ending].map((sentence) => `${queue.metadata.name}: ${sentence}\n`);
}

/** Conditions that somebody should look at. */
const findings = ({ status }: GpuQueue) =>
  (status?.conditions ?? []).filter(
    ({ type, status: holds }) =>
      (type === 'Active' && holds === 'False') || (type === 'Overcommitted' && holds === 'True'),
  );
