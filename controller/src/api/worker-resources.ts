import type { FineTuneJobSpec } from './fine-tune-job.js';
import { TRAINER_CONTAINER } from './pod-template-rules.js';
import { parseQuantity } from './quantity.js';

/** Host memory of Node.js and its libraries, bytes. */
const PROCESS_BYTES = 1.5 * 2 ** 30;

export interface WorkerNeed {
  readonly gpus: number;
  /** Host memory that the worker needs beside its GPUs, where it is known; absent: only what every process needs. */
  readonly hostBytes?: number | undefined;
}

/** Processors and host memory that a worker asks for where its job says nothing, as quantities of Kubernetes. */
export const estimatedRequests = ({ gpus, hostBytes = 0 }: WorkerNeed) => ({
  cpu: String(gpus),
  memory: `${Math.ceil((PROCESS_BYTES + hostBytes) / 2 ** 20)}Mi`,
});

type Amounts = Readonly<Record<string, string | number | undefined>>;
interface TemplateContainer {
  readonly name?: unknown;
  readonly resources?: { readonly limits?: Amounts; readonly requests?: Amounts };
}

/**
 * Where a job's podTemplate and what the trainer asks for besides it would ask for more than its limit, which the API
 * server refuses: one sentence each, which names the field. The template must have the form that Kubernetes expects. Pure.
 */
export function workerResourceProblems(
  { template, podTemplate }: Pick<FineTuneJobSpec, 'template' | 'podTemplate'>,
  need: WorkerNeed,
): string[] {
  const containers = podTemplate?.spec?.['containers'];
  if (!Array.isArray(containers)) return [];
  const index = (containers as TemplateContainer[]).findIndex(({ name }) => name === TRAINER_CONTAINER);
  const { limits = {}, requests = {} } = (containers as TemplateContainer[])[index]?.resources ?? {};
  const path = `spec.podTemplate.spec.containers[${index}].resources`;
  const estimate = estimatedRequests(need);
  return (['cpu', 'memory'] as const).flatMap((name) => {
    const wish = template?.resources?.[name];
    const request = requests[name] ?? wish ?? estimate[name];
    const limit = limits[name] ?? wish;
    if (limit === undefined || isAtMost(request, limit)) return [];
    const ofTemplate = `spec.template.resources.${name}`;
    if (requests[name] !== undefined)
      // Both in the podTemplate: that is judged with its form.
      return limits[name] !== undefined
        ? []
        : [
            `${path}.requests.${name} is ${request}, more than the limit ${limit} of ${ofTemplate}: raise that`,
          ];
    return wish !== undefined
      ? [`${path}.limits.${name} is ${limit}, less than ${wish} of ${ofTemplate}: leave out one of them`]
      : [
          `${path}.limits.${name} is ${limit}, less than the ${request} that a worker is estimated to need: raise it, or set requests.${name} beside it`,
        ];
  });
}

function isAtMost(request: string | number, limit: string | number): boolean {
  const [asked, most] = [parseQuantity(request, 3), parseQuantity(limit, 3)];
  return asked === undefined || most === undefined || asked <= most;
}
