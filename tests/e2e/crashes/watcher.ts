import type { FineTuneJob } from '@tuneyard/controller/api';
import type { KubeClient, KubeObject } from '@tuneyard/controller/kube';
import { Reflector } from '@tuneyard/controller/kube';
import { JOBS, PODS } from '../controller/kinds.js';

type Pod = KubeObject & {
  readonly spec: {
    readonly nodeName?: string;
    readonly affinity?: {
      readonly nodeAffinity?: {
        readonly requiredDuringSchedulingIgnoredDuringExecution?: {
          readonly nodeSelectorTerms: readonly {
            readonly matchFields: readonly { readonly values: string[] }[];
          }[];
        };
      };
    };
  };
  readonly status?: { readonly phase?: string };
};

/** Looks at every state of jobs and pods that the API server shows, for what must never be. */
export class Watcher {
  readonly violations: string[] = [];
  readonly #jobs: Reflector<FineTuneJob>;
  readonly #pods: Reflector<Pod>;
  /** Jobs that the user has deleted; every other one must be there. */
  readonly #deleted = new Set<string>();

  /** @param gpus of each node */
  constructor(
    client: KubeClient,
    private readonly gpus: ReadonlyMap<string, number>,
    private readonly quota: number,
  ) {
    this.#jobs = new Reflector<FineTuneJob>(client, JOBS);
    this.#pods = new Reflector<Pod>(client, PODS);
    this.#jobs.cache.subscribe(({ type, object }) => {
      const { name } = object.metadata;
      if (type === 'deleted' && !this.#deleted.has(name)) this.violations.push(`${name} is lost`);
      if (object.status?.phase === 'Failed') this.violations.push(`${name} has failed`);
      this.#checkPlacements();
    });
    this.#pods.cache.subscribe(() => this.#checkPods());
    this.#jobs.start();
    this.#pods.start();
  }

  expectDeletion(job: string): void {
    this.#deleted.add(job);
  }

  async close(): Promise<void> {
    await Promise.all([this.#jobs.stop(), this.#pods.stop()]);
  }

  /** What admitted jobs hold fits their nodes and their quota. */
  #checkPlacements(): void {
    const held = this.#jobs.cache.list().flatMap(({ status }) => {
      const isAdmitted = status?.conditions?.some(
        ({ type, status: is }) => type === 'Admitted' && is === 'True',
      );
      return isAdmitted === true ? (status?.placement?.nodes ?? []) : [];
    });
    if (held.length > this.quota) this.violations.push(`${held.length} GPUs are held, of ${this.quota}`);
    this.#checkNodes('promised', held);
  }

  /** Pods that run or will run fit their nodes. */
  #checkPods(): void {
    const planned = this.#pods.cache
      .list()
      .filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed')
      .map(({ spec }) => {
        const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
        return spec.nodeName ?? required?.nodeSelectorTerms[0]?.matchFields[0]?.values[0] ?? '';
      });
    this.#checkNodes('used', planned);
  }

  #checkNodes(how: string, nodes: readonly string[]): void {
    const count = new Map<string, number>();
    for (const node of nodes) count.set(node, (count.get(node) ?? 0) + 1);
    for (const [node, used] of count) {
      const there = this.gpus.get(node) ?? 0;
      if (used > there) this.violations.push(`${used} GPUs of ${node} are ${how}, which has ${there}`);
    }
  }
}
