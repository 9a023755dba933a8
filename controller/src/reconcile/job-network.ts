import type { FineTuneJob } from '../api/index.js';
import type { KubeClient } from '../kube/index.js';
import { NETWORK_POLICIES } from './kinds.js';
import { writeOwned } from './owned-object.js';
import { jobNetworkPolicy, type TrainerNetwork } from './pod/network-policy.js';
import { ownerReference } from './worker-pod.js';

/** Confines the trainers of jobs to their own peers and what the cluster's owner named, before they are started. */
export class JobNetwork {
  /** uids of jobs whose policy this process has written. */
  readonly #written = new Set<string>();

  /** @param network undefined = trainers are not confined */
  constructor(
    private readonly client: KubeClient,
    private readonly network: TrainerNetwork | undefined,
  ) {}

  async ensure(job: FineTuneJob): Promise<void> {
    const { uid = '' } = job.metadata;
    if (this.network === undefined || this.#written.has(uid)) return;
    const object = jobNetworkPolicy(job, this.network, ownerReference(job));
    // Whoever changed the job's policy would let trainers of other jobs in.
    await writeOwned(this.client, { resource: NETWORK_POLICIES, object, job, fields: ['spec'] });
    this.#written.add(uid);
  }

  forget(uid: string): void {
    this.#written.delete(uid);
  }
}
