import type { FineTuneJob } from '../api/index.js';
import { JOB_LABEL } from '../api/index.js';
import { issueWorkerIdentity, jobAuthority, jobToken, type Authority } from '../certificates/index.js';
import type { Clock, KubeClient, KubeObject } from '../kube/index.js';
import { SECRETS } from './kinds.js';
import { writeOwned } from './owned-object.js';
import { toSecretData } from './secret-data.js';
import {
  CA_KEY,
  COORDINATOR_CA_KEY,
  identityKey,
  identitySecretName,
  TOKEN_KEY,
  WORKERS_PER_SECRET,
  ownerReference,
} from './worker-pod.js';
import { workerName } from './worker-name.js';

export interface JobIdentitiesOptions {
  readonly client: KubeClient;
  readonly authority: Authority;
  readonly clock: Clock;
  /** For how long a worker's certificate is good, in milliseconds. */
  readonly lifetimeMs: number;
}

/** Certificates are replaced when a third of their time is left: long before they end, and a refusal leaves room to try again. */
export const renewAfterMs = (lifetimeMs: number) => (lifetimeMs * 2) / 3;

/**
 * What the workers of a job prove themselves by: its token, and a certificate for each of them from the job's own
 * authority, in Secrets that the job owns. All of it follows from the controller's authority, so that no Secret of a
 * job is ever read, and a controller that has just started writes them anew.
 */
export class JobIdentities {
  /** uid to what is written of the job. */
  readonly #written = new Map<string, { readonly workers: number; readonly renewAt: number }>();

  constructor(private readonly options: JobIdentitiesOptions) {}

  token({ metadata }: FineTuneJob): string {
    return jobToken(this.options.authority, metadata.uid ?? '');
  }

  /**
   * Sees to it that workers 0 .. `workers` - 1 have certificates that are good for a while.
   * @returns milliseconds after which to call again
   */
  async ensure(job: FineTuneJob, workers: number): Promise<number> {
    const { clock, lifetimeMs } = this.options;
    const { uid = '' } = job.metadata;
    const known = this.#written.get(uid);
    const now = clock.now();
    const enough = Math.max(workers, known?.workers ?? 0);
    if (known !== undefined && known.workers >= workers && now < known.renewAt) return known.renewAt - now;
    await this.#write(job, enough, now);
    const renewAt = now + renewAfterMs(lifetimeMs);
    this.#written.set(uid, { workers: enough, renewAt });
    return renewAt - now;
  }

  forget(uid: string): void {
    this.#written.delete(uid);
  }

  async #write(job: FineTuneJob, workers: number, now: number): Promise<void> {
    const { authority, lifetimeMs } = this.options;
    const { name, namespace = 'default', uid = '' } = job.metadata;
    const ofJob = jobAuthority(authority, uid, now);
    for (let from = 0; from < workers; from += WORKERS_PER_SECRET) {
      const values: Record<string, string> = {
        [TOKEN_KEY]: this.token(job),
        [CA_KEY]: ofJob.certificate,
        [COORDINATOR_CA_KEY]: authority.certificate,
      };
      for (let index = from; index < Math.min(workers, from + WORKERS_PER_SECRET); index += 1) {
        const { certificate, key } = issueWorkerIdentity(ofJob, workerName(name, index), now, lifetimeMs);
        values[identityKey(index)] = `${key}${certificate}`;
      }
      const object = {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: {
          name: identitySecretName(name, from),
          namespace,
          labels: { [JOB_LABEL]: name },
          ownerReferences: [ownerReference(job)],
        },
        type: 'Opaque',
        data: toSecretData(values),
      } as KubeObject;
      await writeOwned(this.options.client, { resource: SECRETS, object, job, fields: ['data'] });
    }
  }
}
