import type { FineTuneJobSpec } from './fine-tune-job.js';
import type { GpuQueueSpec } from './gpu-queue.js';

/** The priority of a job in its queue, or why it may not have the one that it asks for. */
export type Priority = { readonly value: number } | { readonly refused: string };

/**
 * A queue that names priority classes gives priorities by these names alone, and only to the namespaces that a class
 * lists; any other takes the number of the job as it is.
 */
export function priorityOf(
  { priority, priorityClassName: asked }: Pick<FineTuneJobSpec, 'priority' | 'priorityClassName'>,
  namespace: string,
  queue: { readonly name: string } & Pick<GpuQueueSpec, 'priorityClasses'>,
): Priority {
  const { name, priorityClasses: classes } = queue;
  if (classes === undefined) {
    if (asked === undefined) return { value: priority };
    return {
      refused: `queue ${name} has no priority classes, so not ${asked}: leave spec.priorityClassName out`,
    };
  }
  const open = classes.filter(({ namespaces }) => namespaces?.includes(namespace) ?? true);
  const choice =
    open.length === 0
      ? `namespace ${namespace} may use none`
      : `namespace ${namespace} may use ${open.map((item) => `${item.name} (${item.value})`).join(', ')}`;
  if (asked === undefined) {
    if (priority === 0) return { value: 0 };
    return {
      refused: `queue ${name} gives priorities by class, so not spec.priority ${priority}: name one in spec.priorityClassName; ${choice}`,
    };
  }
  const found = open.find((item) => item.name === asked);
  if (found !== undefined) return { value: found.value };
  const exists = classes.some((item) => item.name === asked);
  return {
    refused: exists
      ? `priority class ${asked} of queue ${name} is not for namespace ${namespace}; ${choice}`
      : `queue ${name} has no priority class ${asked}; ${choice}`,
  };
}
