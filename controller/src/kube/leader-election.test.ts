import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError, ConnectionError, NotLeaderError } from '../errors.js';
import { FakeClock } from './fake-clock.js';
import { LeaderElection } from './leader-election.js';
import type { KubeObject, Resource } from './resource.js';

/** One Lease with optimistic concurrency. */
class FakeLeases {
  #lease: KubeObject | undefined;
  #version = 0;

  client(reachable: () => boolean) {
    const guard = () => {
      if (!reachable()) throw new ConnectionError('partition');
    };
    return {
      get: async <T extends KubeObject>(): Promise<T> => {
        guard();
        if (this.#lease === undefined) throw new ApiError('not found', 404, 'NotFound');
        return this.#lease as T;
      },
      create: async <T extends KubeObject>(_resource: Resource, object: T): Promise<T> => {
        guard();
        if (this.#lease !== undefined) throw new ApiError('exists', 409, 'AlreadyExists');
        return this.#store(object);
      },
      update: async <T extends KubeObject>(_resource: Resource, object: T): Promise<T> => {
        guard();
        if (object.metadata.resourceVersion !== this.#lease?.metadata.resourceVersion)
          throw new ApiError('conflict', 409, 'Conflict');
        return this.#store(object);
      },
    };
  }

  #store<T extends KubeObject>(object: T): T {
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } };
    this.#lease = stored;
    return stored;
  }
}

/** A clock whose wall time is off by `skew` and which stands still for its owner while it is frozen. */
class OwnClock extends FakeClock {
  constructor(readonly skew: number) {
    super();
  }

  override now(): number {
    return super.now() + this.skew;
  }
}

const settle = async () => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

class Candidate {
  readonly clock: OwnClock;
  readonly election: LeaderElection;
  reachable = true;
  /** Time that passed while the process was stopped. */
  #missed = 0;
  frozen = false;
  ended = false;

  constructor(
    leases: FakeLeases,
    readonly identity: string,
    skew: number,
  ) {
    this.clock = new OwnClock(skew);
    this.election = new LeaderElection(
      leases.client(() => this.reachable),
      {
        namespace: 'default',
        name: 'test',
        identity,
        clock: this.clock,
        random: () => 0.5,
      },
    );
    void this.#run();
  }

  async #run(): Promise<void> {
    while (!this.ended && (await this.election.acquire())) await this.election.hold();
  }

  async advance(ms: number): Promise<void> {
    if (this.frozen) {
      this.#missed += ms;
      return;
    }
    this.clock.advance(ms + this.#missed);
    this.#missed = 0;
    await settle();
  }

  /** Whether a write would go out now, were the process to run. */
  get acts(): boolean {
    return !this.frozen && this.election.isLeader;
  }

  stop(): void {
    this.ended = true;
    this.election.stop();
  }
}

const STEP_MS = 500;

async function advanceAll(candidates: readonly Candidate[], ms: number): Promise<number> {
  let most = 0;
  for (let passed = 0; passed < ms; passed += STEP_MS) {
    for (const candidate of candidates) await candidate.advance(STEP_MS);
    most = Math.max(most, candidates.filter(({ acts }) => acts).length);
  }
  return most;
}

describe('LeaderElection', () => {
  it('elects one, and another within the lease duration + 2 s when it dies', async () => {
    const leases = new FakeLeases();
    const first = new Candidate(leases, 'first', 0);
    await settle();
    const second = new Candidate(leases, 'second', 0);
    await advanceAll([first, second], 10_000);
    expect([first.acts, second.acts]).toEqual([true, false]);
    first.frozen = true;
    await advanceAll([first, second], 17_000 + STEP_MS);
    expect(second.acts).toBe(true);
    expect(second.election.transitions).toBe(1);
    second.stop();
    first.stop();
  });

  it('holds back writes from the deadline on, before any timer had a chance to fire', async () => {
    const leases = new FakeLeases();
    const clock = new FakeClock();
    const election = new LeaderElection(
      leases.client(() => true),
      { namespace: 'default', name: 'test', identity: 'only', clock },
    );
    expect(await election.acquire()).toBe(true);
    clock.advance(9_999);
    expect(() => election.mayWrite()).not.toThrow();
    clock.advance(1);
    expect(() => election.mayWrite()).toThrow(NotLeaderError);
  });

  it('hands over at once when it releases', async () => {
    const leases = new FakeLeases();
    const first = new Candidate(leases, 'first', 0);
    await settle();
    const second = new Candidate(leases, 'second', 0);
    await advanceAll([first, second], 5_000);
    first.stop();
    await settle();
    await first.election.release();
    expect(first.acts).toBe(false);
    await advanceAll([second], 3_500);
    expect(second.acts).toBe(true);
    second.stop();
  });

  it('never lets two act, whatever is cut off, stopped or skewed', async () => {
    const step = fc.record({
      who: fc.integer({ min: 0, max: 2 }),
      what: fc.constantFrom('freeze', 'thaw', 'cut', 'join', 'nothing'),
      ms: fc.integer({ min: 1, max: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 15 }),
        fc.array(fc.integer({ min: -3_600_000, max: 3_600_000 }), { minLength: 3, maxLength: 3 }),
        async (steps, skews) => {
          const leases = new FakeLeases();
          const candidates = skews.map((skew, i) => new Candidate(leases, `c${i}`, skew));
          await settle();
          for (const { who, what, ms } of steps) {
            const candidate = candidates[who];
            if (candidate === undefined) continue;
            if (what === 'freeze') candidate.frozen = true;
            if (what === 'thaw') candidate.frozen = false;
            if (what === 'cut') candidate.reachable = false;
            if (what === 'join') candidate.reachable = true;
            expect(await advanceAll(candidates, ms * STEP_MS)).toBeLessThanOrEqual(1);
          }
          // Healed, one leads again.
          for (const candidate of candidates) {
            candidate.frozen = false;
            candidate.reachable = true;
          }
          await advanceAll(candidates, 40_000);
          expect(candidates.filter(({ acts }) => acts)).toHaveLength(1);
          for (const candidate of candidates) candidate.stop();
          await settle();
        },
      ),
      { numRuns: 40 },
    );
  });
});
