import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { advanceMembership, isTaken } from './membership.js';
import {
  DEFAULT_MEMBERSHIP_SETTINGS,
  type MembershipEffect,
  type MembershipEvent,
} from './membership-events.js';
import { initialMembership, restoredMembership, type MembershipState } from './membership-state.js';

const settings = DEFAULT_MEMBERSHIP_SETTINGS;

/** Drives the machine with a clock of its own. */
class Driver {
  now = 1000;
  state: MembershipState;
  readonly effects: MembershipEffect[] = [];
  /** Workers that do not answer when they are asked for a sign of life; the others do so at once. */
  readonly mute = new Set<string>();

  constructor(state: MembershipState) {
    this.state = state;
  }

  apply(event: MembershipEvent): this {
    const step = advanceMembership(this.state, event, this.now, settings);
    this.state = step.state;
    this.effects.push(...step.effects);
    for (const effect of step.effects)
      if (effect.kind === 'probe' && !this.mute.has(effect.memberId))
        this.apply({ kind: 'seen', memberId: effect.memberId });
    return this;
  }

  accuse(memberId: string, generation = this.state.generation): this {
    return this.apply({ kind: 'peer-failure', generation, memberId });
  }

  pass(milliseconds: number): this {
    for (let left = milliseconds; left > 0; left -= 10) {
      this.now += Math.min(10, left);
      this.apply({ kind: 'tick' });
    }
    return this;
  }

  enter(memberId: string, incarnation = '1', generation = 0, node?: string): this {
    const address = `${memberId}:${incarnation}`;
    const worker = { memberId, incarnation, address, bulkAddress: '', node };
    return this.apply({ kind: 'hello', worker, committedStep: 0, generation }).apply({
      kind: 'ready',
      memberId,
      committedStep: 0,
    });
  }

  leave(memberId: string, incarnation = '1'): this {
    return this.apply({ kind: 'disconnected', memberId, incarnation });
  }

  /** A heartbeat of everybody, with what a micro-batch takes there. */
  beat(committedStep: number, unitSeconds: Readonly<Record<string, number>>): this {
    for (const [memberId, seconds] of Object.entries(unitSeconds))
      this.apply({ kind: 'heartbeat', memberId, committedStep, unitSeconds: seconds });
    return this;
  }

  convict(memberId: string, generation = this.state.generation): this {
    return this.apply({ kind: 'wrong-bits', generation, memberId, reason: 'other bits' });
  }

  ranks(): string[] {
    return this.state.members.map((member) => `${member.memberId}${member.incarnation}`);
  }

  announcements(): number[] {
    return this.effects.flatMap((effect) => (effect.kind === 'announce' ? [effect.generation] : []));
  }
}

describe('membership', () => {
  it('starts when the expected workers are ready, and not before', () => {
    const driver = new Driver(initialMembership(2)).enter('a').pass(60_000 / 100);
    expect(driver.announcements()).toEqual([]);
    driver.enter('b').pass(100);
    expect(driver.announcements()).toEqual([1]);
    expect(driver.ranks()).toEqual(['a1', 'b1']);
  });

  it('makes one generation of two deaths at once, and keeps the order of survivors', () => {
    const driver = new Driver(initialMembership(4)).enter('a').enter('b').enter('c').enter('d').pass(100);
    driver.leave('a').pass(10).leave('c').pass(100);
    expect(driver.announcements()).toEqual([1, 2]);
    expect(driver.ranks()).toEqual(['b1', 'd1']);
  });

  it('changes nothing when a broken stream returns in time', () => {
    const driver = new Driver(initialMembership(2)).enter('a').enter('b').pass(100);
    driver.leave('b').pass(10).enter('b').pass(500);
    expect(driver.announcements()).toEqual([1]);
  });

  it('takes a restarted process for a new member', () => {
    const driver = new Driver(initialMembership(2)).enter('a').enter('b').pass(100);
    driver.leave('a').enter('a', '2').pass(500);
    expect(driver.ranks()).toEqual(['b1', 'a2']);
  });

  it('refuses a member id that a living process has', () => {
    const driver = new Driver(initialMembership(1)).enter('a').pass(100);
    const other = { memberId: 'a', incarnation: '2', address: 'x', bulkAddress: '' };
    expect(isTaken(driver.state, other)).toBe(true);
    expect(isTaken(driver.leave('a').state, other)).toBe(false);
  });

  it('evicts who is silent', () => {
    const driver = new Driver(initialMembership(2)).enter('a').enter('b').pass(100);
    for (let beat = 0; beat < 70; beat++)
      driver.pass(100).apply({ kind: 'heartbeat', memberId: 'a', committedStep: 0 });
    expect(driver.effects).toContainEqual({ kind: 'evict', memberId: 'b' });
    expect(driver.ranks()).toEqual(['a1']);
  });

  it('ranks members of a node behind each other, and nobody who stays before or behind another', () => {
    const driver = new Driver(initialMembership(4));
    driver.enter('a', '1', 0, 'n1').enter('b', '1', 0, 'n2').enter('c').enter('d', '1', 0, 'n1').pass(1000);
    expect(driver.ranks()).toEqual(['a1', 'd1', 'b1', 'c1']);
    driver.enter('e', '1', 0, 'n2').enter('f').enter('g', '1', 0, 'n1').pass(3000);
    expect(driver.ranks()).toEqual(['a1', 'd1', 'g1', 'b1', 'e1', 'c1', 'f1']);
    driver.leave('a').pass(1000);
    expect(driver.ranks()).toEqual(['d1', 'g1', 'b1', 'e1', 'c1', 'f1']);
  });

  it('keeps a job together through its own restart, and notices who did not return', () => {
    const members = ['a', 'b'].map((memberId) => ({
      memberId,
      incarnation: '1',
      address: `${memberId}:1`,
      bulkAddress: '',
    }));
    const driver = new Driver(restoredMembership(2, { generation: 7, members, over: false }, 1000));
    driver.enter('a').pass(1000);
    expect(driver.announcements()).toEqual([]);
    for (let beat = 0; beat < 60; beat++)
      driver.pass(100).apply({ kind: 'heartbeat', memberId: 'a', committedStep: 0 });
    expect(driver.announcements()).toEqual([8]);
    expect(driver.ranks()).toEqual(['a1']);
  });

  it('continues behind the generations that workers have seen when its own state is lost', () => {
    const driver = new Driver(initialMembership(2)).enter('a', '1', 9).enter('b', '1', 9).pass(100);
    expect(driver.announcements()).toEqual([10]);
  });

  it('renews the generation for a broken link, and leaves the unreachable one out in the end', () => {
    const driver = new Driver(initialMembership(3)).enter('a').enter('b').enter('c').pass(100);
    for (let failure = 1; failure <= 3; failure++) {
      expect(driver.ranks()).toEqual(['a1', 'b1', 'c1']);
      driver.accuse('c', failure).pass(100);
    }
    expect(driver.announcements()).toEqual([1, 2, 3, 4]);
    expect(driver.ranks()).toEqual(['a1', 'b1']);
    const beat = (milliseconds: number): void => {
      for (let passed = 0; passed < milliseconds; passed += 100)
        for (const memberId of ['a', 'b', 'c'])
          driver.pass(100 / 3).apply({ kind: 'heartbeat', memberId, committedStep: 0 });
    };
    beat(settings.quarantineMs - 200);
    expect(driver.ranks()).toEqual(['a1', 'b1']);
    beat(500);
    expect(driver.ranks()).toEqual(['a1', 'b1', 'c1']);
    // Each relapse costs the others as much as the first time, so it is kept away for longer.
    for (const times of [2, 4]) {
      for (let failure = 1; failure <= 3; failure++) driver.accuse('c').pass(100);
      beat(times * settings.quarantineMs - 500);
      expect(driver.ranks()).toEqual(['a1', 'b1']);
      beat(800);
      expect(driver.ranks()).toEqual(['a1', 'b1', 'c1']);
    }
    beat(settings.longestQuarantineMs);
    for (let failure = 1; failure <= 3; failure++) driver.accuse('c').pass(100);
    beat(settings.quarantineMs + 500);
    expect(driver.ranks()).toEqual(['a1', 'b1', 'c1']);
  });

  it('asks a member that a peer cannot reach, and goes on without it when it does not answer', () => {
    const driver = new Driver(initialMembership(3)).enter('a').enter('b').enter('c').pass(100);
    driver.mute.add('c');
    driver
      .accuse('c')
      .accuse('c')
      .pass(settings.probeTimeoutMs - 10);
    expect(driver.effects.filter(({ kind }) => kind === 'probe')).toEqual([{ kind: 'probe', memberId: 'c' }]);
    // Until then it is not known who the next generation consists of.
    expect(driver.announcements()).toEqual([1]);
    driver.pass(20);
    expect(driver.effects.at(-1)).toMatchObject({ kind: 'announce', generation: 2, cause: 'lost' });
    expect(driver.ranks()).toEqual(['a1', 'b1']);
  });

  it('takes back a member that was silent for a while, as the process that it is', () => {
    const driver = new Driver(initialMembership(3)).enter('a').enter('b').enter('c').pass(100);
    driver.mute.add('b');
    driver.accuse('b').pass(1000);
    expect(driver.ranks()).toEqual(['a1', 'c1']);
    driver.apply({ kind: 'heartbeat', memberId: 'b', committedStep: 0 }).pass(500);
    expect(driver.effects.filter(({ kind }) => kind === 'evict')).toEqual([]);
    expect(driver.ranks()).toEqual(['a1', 'c1', 'b1']);
  });

  it('makes one generation of two that are silent', () => {
    const driver = new Driver(initialMembership(4)).enter('a').enter('b').enter('c').enter('d').pass(100);
    driver.mute.add('b').add('d');
    driver.accuse('b').pass(100).accuse('d').pass(500);
    expect(driver.announcements()).toEqual([1, 2]);
    expect(driver.ranks()).toEqual(['a1', 'c1']);
  });

  it('takes nobody for silent because it stood still itself', () => {
    const driver = new Driver(initialMembership(2)).enter('a').enter('b').pass(100);
    driver.mute.add('b');
    driver.accuse('b').pass(50);
    driver.now += 20_000;
    driver.apply({ kind: 'stalled', milliseconds: 20_000 }).pass(50);
    driver.apply({ kind: 'seen', memberId: 'a' }).apply({ kind: 'seen', memberId: 'b' }).pass(100);
    expect(driver.effects.filter(({ kind }) => kind === 'evict')).toEqual([]);
    expect(driver.ranks()).toEqual(['a1', 'b1']);
  });

  it('believes a peer at once, after its own restart, about a member that has not come back', () => {
    const members = ['a', 'b', 'c'].map((memberId) => ({
      memberId,
      incarnation: '1',
      address: `${memberId}:1`,
      bulkAddress: '',
    }));
    const driver = new Driver(restoredMembership(3, { generation: 7, members, over: false }, 1000));
    driver
      .enter('a')
      .accuse('b')
      .pass(settings.lossSettleMs + 10);
    expect(driver.announcements()).toEqual([8]);
    expect(driver.ranks()).toEqual(['a1', 'c1']);
    // It was only late.
    driver.enter('b').enter('c').pass(500);
    expect(driver.ranks()).toEqual(['a1', 'c1', 'b1']);
  });

  it('waits only for so long for members that it does not know any more', () => {
    const driver = new Driver(initialMembership(3)).enter('a', '1', 9).pass(500).enter('b', '1', 9);
    driver.pass(settings.reattachMs - 500 - 10);
    expect(driver.announcements()).toEqual([]);
    driver.pass(20);
    expect(driver.announcements()).toEqual([10]);
    driver.enter('c', '1', 9).pass(500);
    expect(driver.ranks()).toEqual(['a1', 'b1', 'c1']);
  });

  it('ignores complaints about an older generation', () => {
    const driver = new Driver(initialMembership(2)).enter('a').enter('b').pass(100);
    driver.accuse('b', 0).pass(500);
    expect(driver.announcements()).toEqual([1]);
  });

  it('lets those who finished go in peace', () => {
    const driver = new Driver(initialMembership(2)).enter('a').enter('b').pass(100);
    driver.apply({ kind: 'finished', memberId: 'b', over: false }).leave('b').pass(500);
    expect(driver.announcements()).toEqual([1]);
    driver.apply({ kind: 'finished', memberId: 'a', over: true }).leave('a').enter('c').pass(60_00);
    expect(driver.announcements()).toEqual([1]);
  });

  it('expels a member that computed wrong bits, and takes its next process', () => {
    const driver = new Driver(initialMembership(3)).enter('a').enter('b').enter('c').pass(100);
    driver.convict('b', 0).pass(100);
    expect(driver.announcements()).toEqual([1]);
    driver.convict('b').convict('b').pass(100);
    expect(driver.effects.filter(({ kind }) => kind === 'expel')).toHaveLength(1);
    expect(driver.effects.at(-1)).toMatchObject({ kind: 'announce', generation: 2, cause: 'expelled' });
    expect(driver.ranks()).toEqual(['a1', 'c1']);
    // The expelled process may come back as often as it likes.
    driver.enter('b').pass(500);
    expect(driver.ranks()).toEqual(['a1', 'c1']);
    driver.leave('b').enter('b', '2').pass(500);
    expect(driver.ranks()).toEqual(['a1', 'c1', 'b2']);
  });

  it('announces nothing when all are expelled', () => {
    const driver = new Driver(initialMembership(2)).enter('a').enter('b').pass(100);
    driver.convict('a').convict('b').pass(1000);
    expect(driver.effects.filter(({ kind }) => kind === 'expel')).toHaveLength(2);
    expect(driver.announcements()).toEqual([1]);
  });

  it('deals by measured speed after some steps, and again only when it is worth it', () => {
    const driver = new Driver(initialMembership(3)).enter('a').enter('b').enter('c').pass(100);
    expect(driver.effects).toMatchObject([{ shares: [1, 1, 1] }]);
    driver.beat(9, { a: 0.1, b: 0.1, c: 0.2 }).pass(500);
    expect(driver.announcements()).toEqual([1]);
    driver.beat(10, { a: 0.1, b: 0.1, c: 0.2 }).pass(500);
    expect(driver.effects.at(-1)).toMatchObject({
      generation: 2,
      cause: 'balanced',
      shares: [1.2, 1.2, 0.6],
    });
    driver.beat(28, { a: 0.1, b: 0.105, c: 0.19 }).pass(500);
    expect(driver.announcements()).toEqual([1, 2]);
    driver.beat(29, { a: 0.1, b: 0.1, c: 0.1 }).pass(500);
    expect(driver.announcements()).toEqual([1, 2]);
    driver.beat(30, { a: 0.1, b: 0.1, c: 0.1 }).pass(500);
    expect(driver.effects.at(-1)).toMatchObject({ generation: 3, cause: 'balanced', shares: [1, 1, 1] });
  });

  it('keeps shares within their bounds, and speeds of members over a loss', () => {
    const driver = new Driver(initialMembership(3)).enter('a').enter('b').enter('c').pass(100);
    driver.beat(1, { a: 0.01, b: 0.1, c: 0.1 }).leave('c').pass(100);
    expect(driver.effects.at(-1)).toMatchObject({ generation: 2, cause: 'lost', shares: [1.82, 0.5] });
  });

  it('tells workers that leave as was decided from those that are lost', () => {
    const driver = new Driver(initialMembership(4));
    for (const member of ['a', 'b', 'c', 'd']) driver.enter(member);
    driver.pass(100).apply({ kind: 'resized', expectedWorkers: 2 }).leave('d').pass(100);
    expect(driver.effects.at(-1)).toMatchObject({ generation: 2, cause: 'resized' });
    // A peer may notice it before the coordinator does.
    driver.accuse('c').leave('c').pass(100);
    expect(driver.effects.at(-1)).toMatchObject({ generation: 3, cause: 'resized' });
    expect(driver.ranks()).toEqual(['a1', 'b1']);
    driver.leave('b').pass(100);
    expect(driver.effects.at(-1)).toMatchObject({ generation: 4, cause: 'lost' });
  });

  it('reports a member that is far slower than the others for long, once', () => {
    const driver = new Driver(initialMembership(3)).enter('a').enter('b').enter('c').pass(100);
    const slow = (): unknown[] => driver.effects.filter(({ kind }) => kind === 'straggler');
    const speeds = { a: 0.1, b: 0.1, c: 0.35 };
    for (let second = 0; second < 59; second++) driver.beat(1, speeds).pass(1000);
    expect(slow()).toEqual([]);
    // Back in time: the patience begins anew.
    driver.beat(1, { ...speeds, c: 0.2 }).pass(1000);
    for (let second = 0; second < 62; second++) driver.beat(1, speeds).pass(1000);
    expect(slow()).toEqual([{ kind: 'straggler', memberId: 'c', ratio: 0.35 / 0.1 }]);
    for (let second = 0; second < 120; second++) driver.beat(1, speeds).pass(1000);
    expect(slow()).toHaveLength(1);
    expect(driver.ranks()).toEqual(['a1', 'b1', 'c1']);
  });

  it('replaces such a member where that is allowed, once', () => {
    const driver = new Driver(initialMembership(3)).enter('a').enter('b').enter('c').pass(100);
    driver.apply({ kind: 'resized', expectedWorkers: 3, replaceStragglers: true });
    const speeds = { a: 0.1, b: 0.1, c: 0.35 };
    const wait = (): void => {
      for (let second = 0; second < 62; second++) driver.beat(1, speeds).pass(1000);
    };
    wait();
    expect(driver.effects).toContainEqual(expect.objectContaining({ kind: 'expel', cause: 'straggler' }));
    expect(driver.ranks()).toEqual(['a1', 'b1']);
    driver.leave('c').enter('c', '2').pass(500);
    wait();
    expect(driver.effects.filter(({ kind }) => kind === 'straggler')).toHaveLength(2);
    expect(driver.ranks()).toEqual(['a1', 'b1', 'c2']);
  });

  it('holds its invariants under any history', () => {
    const ids = ['a', 'b', 'c', 'd'];
    const id = fc.constantFrom(...ids);
    const action = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant('enter' as const),
          id,
          incarnation: fc.constantFrom('1', '2'),
        }),
      },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('leave' as const), id }) },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('accuse' as const),
          id,
          age: fc.nat(2),
          mute: fc.boolean(),
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({ kind: fc.constant('pass' as const), time: fc.integer({ min: 1, max: 400 }) }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('finish' as const), id }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('convict' as const), id, age: fc.nat(1) }) },
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.array(action, { maxLength: 60 }),
        (expected, actions) => {
          const driver = new Driver(initialMembership(expected));
          for (const step of actions) {
            if (step.kind === 'enter') {
              const worker = {
                memberId: step.id,
                incarnation: step.incarnation,
                address: '',
                bulkAddress: '',
              };
              if (!isTaken(driver.state, worker)) driver.enter(step.id, step.incarnation);
            } else if (step.kind === 'leave') {
              driver.leave(step.id, driver.state.workers.get(step.id)?.incarnation);
            } else if (step.kind === 'accuse') {
              if (step.mute) driver.mute.add(step.id);
              driver.accuse(step.id, driver.state.generation - step.age);
              driver.mute.clear();
            } else if (step.kind === 'convict') {
              driver.convict(step.id, driver.state.generation - step.age);
            } else if (step.kind === 'finish') {
              driver.apply({ kind: 'finished', memberId: step.id, over: false });
            } else driver.pass(step.time);
          }
          // Generations only grow; each has members, each member once.
          const announced = driver.announcements();
          expect(announced).toEqual([...announced].sort((left, right) => left - right));
          expect(new Set(announced).size).toBe(announced.length);
          for (const effect of driver.effects) {
            if (effect.kind !== 'announce') continue;
            expect(effect.members.length).toBeGreaterThan(0);
            expect(new Set(effect.members.map((member) => member.memberId)).size).toBe(effect.members.length);
          }
          // Left alone with everybody beating, the members become exactly those who are there, ready and not finished.
          for (let beat = 0; beat < 9; beat++) {
            for (const [memberId, worker] of driver.state.workers)
              if (worker.link === 'open') driver.apply({ kind: 'seen', memberId });
            driver.pass(1000);
          }
          const able = [...driver.state.workers.values()].filter(
            (worker) =>
              worker.link === 'open' &&
              worker.ready &&
              !worker.finished &&
              worker.expelled === undefined &&
              worker.quarantinedUntil <= driver.now,
          );
          if (able.length > 0 && (driver.state.generation > 0 || able.length >= expected)) {
            const members = driver.state.members.filter(
              (member) => driver.state.workers.get(member.memberId)?.finished !== true,
            );
            expect(new Set(members.map((member) => `${member.memberId} ${member.incarnation}`))).toEqual(
              new Set(able.map((worker) => `${worker.memberId} ${worker.incarnation}`)),
            );
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
