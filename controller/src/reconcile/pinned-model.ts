import type { FineTuneJob } from '../api/index.js';
import { isTrue } from '../api/index.js';
import { hubModelAddress, type HubModel, type HubModels } from '../models/index.js';

/** What a job's status says of the commit that its model is pinned to. */
export type ModelPin = NonNullable<NonNullable<NonNullable<FineTuneJob['status']>['resolved']>['model']>;

/** The models of jobs on the hub: what they are pinned to, and what is known of them. */
export class PinnedModels {
  /** uid to what was asked for the job, once it is answered: a job is told once. */
  readonly #told = new Map<string, { readonly asked: string; readonly model: HubModel | undefined }>();

  /** @param tenantOf for whom the model of a job is asked about */
  constructor(
    private readonly hub: Pick<HubModels, 'known' | 'isSettled'>,
    private readonly tenantOf: (job: FineTuneJob) => string = () => '',
  ) {}

  /** The model of the job at its commit; undefined when it is none of the hub's, is not public, or is not known (yet). */
  of(job: FineTuneJob): (HubModel & { readonly pin: ModelPin }) | undefined {
    const asked = askedOf(job);
    if (asked === undefined) return undefined;
    const stored = storedPin(job);
    if (stored === undefined && hasBegun(job)) return undefined;
    const known = this.#known(job, asked.name, stored?.commit ?? asked.revision);
    const commit = stored?.commit ?? known?.commit;
    if (commit === undefined) return undefined;
    const { source, revision } = job.spec.model;
    const pin = stored ?? { source, ...(revision === undefined ? {} : { revision }), commit };
    return { commit, pin, ...(known?.shape === undefined ? {} : { shape: known.shape }) };
  }

  /** Whether the job may be placed: what the hub has to say is known. Otherwise `later` is called when it is. */
  isSettled(job: FineTuneJob, later: () => void): boolean {
    const asked = askedOf(job);
    if (asked === undefined || isTrue(job.status?.conditions, 'Admitted')) return true;
    const stored = storedPin(job);
    if (stored === undefined && hasBegun(job)) return true;
    const revision = stored?.commit ?? asked.revision;
    if (this.#toldOf(job, asked.name, revision) !== undefined) return true;
    if (!this.hub.isSettled(asked.name, revision, later, this.tenantOf(job))) return false;
    this.#remember(job, asked.name, revision);
    return true;
  }

  #known(job: FineTuneJob, name: string, revision: string): HubModel | undefined {
    const told = this.#toldOf(job, name, revision);
    return told === undefined ? this.hub.known(name, revision, this.tenantOf(job)) : told.model;
  }

  #toldOf({ metadata }: FineTuneJob, name: string, revision: string) {
    const told = this.#told.get(metadata.uid ?? '');
    return told?.asked === `${name}@${revision}` ? told : undefined;
  }

  #remember(job: FineTuneJob, name: string, revision: string): void {
    const { uid = '' } = job.metadata;
    if (uid === '') return;
    const model = this.hub.known(name, revision, this.tenantOf(job));
    this.#told.delete(uid);
    this.#told.set(uid, { asked: `${name}@${revision}`, model });
    const [oldest] = this.#told.keys();
    if (this.#told.size > MOST && oldest !== undefined) this.#told.delete(oldest);
  }
}

/** Jobs of which it is remembered that they were told. */
const MOST = 50_000;

/** A job that began without a pin keeps what its workers chose: their checkpoints are of that. */
const hasBegun = ({ status }: FineTuneJob) => status?.startTime !== undefined;

/** The controller reads no Secrets of jobs, so it asks about public models alone. */
function askedOf({ spec }: FineTuneJob): { readonly name: string; readonly revision: string } | undefined {
  const { source, revision, secretRef } = spec.model;
  const address = secretRef === undefined ? hubModelAddress(source) : undefined;
  return address && { name: address.name, revision: address.revision ?? revision ?? 'main' };
}

/** Another source or revision in the spec is another model. */
function storedPin({ spec, status }: FineTuneJob): ModelPin | undefined {
  const pin = status?.resolved?.model;
  const isSame = pin?.source === spec.model.source && pin.revision === spec.model.revision;
  return isSame ? pin : undefined;
}
