import type { ConditionUpdate } from '../api/index.js';
import { condition } from './next-status.js';

interface Holding {
  readonly flavor: string;
  readonly nodes: readonly string[];
  readonly gpusPerWorker: number;
  readonly queueName: string;
}

/** What a placement is told as: written with every placement, so that it never tells of an older one. */
export function holding({ flavor, nodes, gpusPerWorker, queueName }: Holding): readonly ConditionUpdate[] {
  const count = `${nodes.length} worker${nodes.length === 1 ? '' : 's'}`;
  return [
    condition(
      'QuotaReserved',
      'True',
      'QuotaReserved',
      `${nodes.length * gpusPerWorker} ${flavor} of queue ${queueName}`,
    ),
    condition('Admitted', 'True', 'Admitted', `${count} on ${[...new Set(nodes)].join(', ')}`),
  ];
}
