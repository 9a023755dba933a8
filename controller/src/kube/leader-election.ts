import { NotLeaderError } from '../errors.js';
import type { Clock } from './clock.js';
import { sleep, systemClock } from './clock.js';
import type { KubeClient } from './kube-client.js';
import { isAlreadyExists, isConflict, isNotFound } from './responses.js';
import type { KubeObject, Resource } from './resource.js';

export const LEASES: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};

interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string | undefined;
    readonly leaseDurationSeconds?: number | undefined;
    readonly acquireTime?: string | undefined;
    readonly renewTime?: string | undefined;
    readonly leaseTransitions?: number | undefined;
  };
}

export interface LeaderElectionOptions {
  readonly namespace: string;
  /** Name of the Lease. */
  readonly name: string;
  /** Unique for every process. */
  readonly identity: string;
  /** Others wait this long after the last change that they saw. @default 15000 */
  readonly leaseDurationMs?: number;
  /** A leader that could not renew for this long stops. Must be shorter than the lease. @default 10000 */
  readonly renewDeadlineMs?: number;
  /** Between tries. @default 2000 */
  readonly retryPeriodMs?: number;
  readonly clock?: Clock;
  /** Uniform in [0, 1). @default Math.random */
  readonly random?: () => number;
  readonly onError?: (error: unknown) => void;
}

/**
 * Leader election on a Lease, as client-go does it. Only times that this process observed itself are used, never those
 * written in the Lease, so the clocks of the machines may differ. The client must not be fenced by this election.
 */
export class LeaderElection {
  readonly #clock: Clock;
  readonly #timing: {
    readonly leaseDurationMs: number;
    readonly renewDeadlineMs: number;
    readonly retryPeriodMs: number;
  };
  readonly #stop = new AbortController();
  /** The Lease as seen last, and when its content was seen for the first time. */
  #observed: { readonly lease: Lease; readonly at: number } | undefined;
  /** When the last successful renewal was begun; undefined while not leading. */
  #renewedAt: number | undefined;
  #transitions = 0;

  constructor(
    private readonly client: Pick<KubeClient, 'get' | 'create' | 'update'> &
      Partial<Pick<KubeClient, 'watch'>>,
    private readonly options: LeaderElectionOptions,
  ) {
    this.#clock = options.clock ?? systemClock;
    this.#timing = {
      leaseDurationMs: options.leaseDurationMs ?? 15_000,
      renewDeadlineMs: options.renewDeadlineMs ?? 10_000,
      retryPeriodMs: options.retryPeriodMs ?? 2_000,
    };
    if (this.#timing.renewDeadlineMs >= this.#timing.leaseDurationMs) {
      throw new RangeError('renewDeadlineMs must be shorter than leaseDurationMs');
    }
  }

  /** True while no other process can have taken the lease yet, whatever happened to this one in between. */
  get isLeader(): boolean {
    return (
      this.#renewedAt !== undefined &&
      this.#clock.monotonic() < this.#renewedAt + this.#timing.renewDeadlineMs
    );
  }

  /** Who holds the lease as it was read last; empty: nobody. */
  get holder(): string {
    return this.#observed?.lease.spec?.holderIdentity ?? '';
  }

  /** How often the lease changed hands; grows with every new leader, so it orders their writes. */
  get transitions(): number {
    return this.#transitions;
  }

  /** For {@link KubeClient.fence}. @throws NotLeaderError */
  readonly mayWrite = (): void => {
    if (!this.isLeader) throw new NotLeaderError(`${this.options.identity} is not the leader`);
  };

  /**
   * Resolves when this process became the leader; never rejects.
   * @returns false when {@link stop} was called before
   */
  async acquire(): Promise<boolean> {
    const { signal } = this.#stop;
    const random = this.options.random ?? Math.random;
    while (!signal.aborted) {
      if (await this.#tryAcquireOrRenew()) return true;
      await this.#waitForRelease(this.#timing.retryPeriodMs * (1 + 0.2 * random()));
    }
    return false;
  }

  /** Keeps the lease. Resolves when it is lost or {@link stop} was called; from then on no write is let through. */
  async hold(): Promise<'lost' | 'stopped'> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await sleep(this.#clock, this.#timing.retryPeriodMs, signal);
      if (signal.aborted) break;
      // A process that was stopped past its deadline finds out here, or at its first write.
      if (!this.isLeader) break;
      const lost = await this.#renewWithinDeadline(signal);
      if (lost) break;
    }
    const stopped = signal.aborted && this.isLeader;
    if (!stopped) this.#renewedAt = undefined;
    return stopped ? 'stopped' : 'lost';
  }

  /** Ends {@link acquire} and {@link hold}. Call {@link release} when the writers have stopped. */
  stop(): void {
    this.#stop.abort();
  }

  /** Gives the lease up, so that another takes over at once. */
  async release(): Promise<void> {
    const wasLeader = this.isLeader;
    this.#renewedAt = undefined;
    const lease = this.#observed?.lease;
    if (!wasLeader || lease === undefined) return;
    const now = this.#timestamp();
    try {
      await this.client.update<Lease>(LEASES, {
        ...lease,
        spec: {
          ...lease.spec,
          holderIdentity: '',
          leaseDurationSeconds: 1,
          renewTime: now,
          acquireTime: now,
        },
      });
    } catch (error) {
      this.options.onError?.(error);
    }
  }

  /** Waits until the next try is due, or the holder lets the lease go, so that a clean hand-over takes no time. */
  async #waitForRelease(ms: number): Promise<void> {
    const { namespace, name } = this.options;
    const over = new AbortController();
    const end = () => over.abort();
    this.#stop.signal.addEventListener('abort', end, { once: true });
    const fieldSelector = `metadata.name=${name}`;
    const resourceVersion = this.#observed?.lease.metadata.resourceVersion;
    const watching = this.client
      .watch?.<Lease>(
        LEASES,
        {
          namespace,
          fieldSelector,
          resourceVersion,
          timeoutSeconds: Math.ceil(ms / 1000),
          stallMs: ms * 2,
          signal: over.signal,
        },
        ({ type, object }) => {
          if (type === 'DELETED' || (type === 'MODIFIED' && (object.spec?.holderIdentity ?? '') === ''))
            end();
        },
      )
      // It only makes this faster; the next try reports what is wrong.
      .catch(() => {});
    await sleep(this.#clock, ms, over.signal);
    end();
    this.#stop.signal.removeEventListener('abort', end);
    await watching;
  }

  async #renewWithinDeadline(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted && this.isLeader) {
      if (await this.#tryAcquireOrRenew()) return false;
      if (this.#observed !== undefined && this.#observed.lease.spec?.holderIdentity !== this.options.identity)
        return true;
      const left = (this.#renewedAt ?? 0) + this.#timing.renewDeadlineMs - this.#clock.monotonic();
      await sleep(this.#clock, Math.min(this.#timing.retryPeriodMs / 2, Math.max(0, left)), signal);
    }
    return !signal.aborted;
  }

  async #tryAcquireOrRenew(): Promise<boolean> {
    const begun = this.#clock.monotonic();
    const limit = new AbortController();
    // A leader must not be waiting for an answer still when its time is over.
    const left = this.isLeader ? (this.#renewedAt ?? 0) + this.#timing.renewDeadlineMs - begun : Infinity;
    const cancel = this.#clock.after(Math.min(this.#timing.renewDeadlineMs / 2, left), () => limit.abort());
    try {
      return await this.#attempt(begun, limit.signal);
    } catch (error) {
      if (!isConflict(error) && !isAlreadyExists(error)) this.options.onError?.(error);
      return false;
    } finally {
      cancel();
    }
  }

  async #attempt(begun: number, signal: AbortSignal): Promise<boolean> {
    const { namespace, name, identity } = this.options;
    const now = this.#timestamp();
    const mine = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(this.#timing.leaseDurationMs / 1000),
      renewTime: now,
    };
    let current: Lease;
    try {
      current = await this.client.get<Lease>(LEASES, { namespace, name }, signal);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const created = await this.client.create<Lease>(
        LEASES,
        {
          apiVersion: 'coordination.k8s.io/v1',
          kind: 'Lease',
          metadata: { namespace, name },
          spec: { ...mine, acquireTime: now, leaseTransitions: 0 },
        },
        { signal },
      );
      return this.#won(created, begun);
    }
    this.#observe(current);
    const holder = current.spec?.holderIdentity ?? '';
    const held = holder === identity;
    if (!held && holder !== '' && !this.#expired(current)) return false;
    const transitions = current.spec?.leaseTransitions ?? 0;
    // The resource version of what was just read makes this fail if anybody was faster.
    const updated = await this.client.update<Lease>(
      LEASES,
      {
        ...current,
        spec: {
          ...mine,
          acquireTime: held ? (current.spec?.acquireTime ?? now) : now,
          leaseTransitions: held ? transitions : transitions + 1,
        },
      },
      { signal },
    );
    return this.#won(updated, begun);
  }

  #won(lease: Lease, begun: number): true {
    this.#observed = { lease, at: this.#clock.monotonic() };
    this.#transitions = lease.spec?.leaseTransitions ?? 0;
    // From the beginning of the request: others cannot have seen it earlier than that.
    this.#renewedAt = begun;
    return true;
  }

  #observe(lease: Lease): void {
    const same = this.#observed?.lease.metadata.resourceVersion === lease.metadata.resourceVersion;
    if (!same) this.#observed = { lease, at: this.#clock.monotonic() };
  }

  #expired(lease: Lease): boolean {
    const durationMs = (lease.spec?.leaseDurationSeconds ?? 0) * 1000;
    return this.#observed !== undefined && this.#observed.at + durationMs < this.#clock.monotonic();
  }

  /** MicroTime, for people to read. */
  #timestamp(): string {
    return new Date(this.#clock.now()).toISOString().replace('Z', '000Z');
  }
}
