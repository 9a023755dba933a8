import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { DEFAULT_SILENCE_SETTINGS, Patience, SilenceWatch } from './silence-watch.js';

const settings = DEFAULT_SILENCE_SETTINGS;

/** A connection to a peer that answers pings after `answerMs`; undefined = not at all. */
class Link {
  now = 1000;
  received = 0;
  pings = 0;
  answerMs: number | undefined = 1;
  readonly watch: SilenceWatch;
  #answers: number[] = [];

  constructor(readonly patience = new Patience(settings)) {
    this.watch = new SilenceWatch(settings, patience);
  }

  /** @returns the milliseconds after which the peer was given up */
  pass(milliseconds: number, tickMs: () => number = () => settings.pingAfterMs): number | undefined {
    const began = this.now;
    while (this.now < began + milliseconds) {
      this.now += tickMs();
      // As in an event loop: timers first, then what has arrived.
      const verdict = this.watch.tick(this.now, this.received);
      if (verdict === 'give-up') return this.now - began;
      if (verdict === 'ping') {
        this.pings += 1;
        if (this.answerMs !== undefined) this.#answers.push(this.now + this.answerMs);
      }
      while ((this.#answers[0] ?? Infinity) <= this.now) {
        this.#answers.shift();
        this.received += 17;
        this.watch.answered(this.now);
      }
    }
    return undefined;
  }
}

describe('a silent connection', () => {
  it('is pinged, and kept for as long as the peer answers', () => {
    const link = new Link();
    expect(link.pass(60_000)).toBeUndefined();
    expect(link.pings).toBeGreaterThan(100);
  });

  it('is given up after the least patience when the peer used to answer at once', () => {
    const link = new Link();
    link.pass(5000);
    link.answerMs = undefined;
    const after = link.pass(60_000) ?? Infinity;
    expect(after).toBeGreaterThanOrEqual(settings.leastPatienceMs);
    expect(after).toBeLessThanOrEqual(settings.leastPatienceMs + 3 * settings.pingAfterMs);
  });

  it('is not pinged while it brings something', () => {
    const link = new Link();
    link.pass(60_000, () => {
      link.received += 1;
      return settings.pingAfterMs;
    });
    expect(link.pings).toBe(0);
  });

  it('is kept while bytes trickle in and the answer waits behind them', () => {
    const link = new Link();
    link.answerMs = undefined;
    let tick = 0;
    const given = link.pass(60_000, () => {
      tick += 1;
      if (tick % 10 === 0) link.received += 1;
      return settings.pingAfterMs;
    });
    expect(given).toBeUndefined();
    expect(link.pings).toBe(1);
  });

  it('of a peer that answers slowly is given up after a multiple of its slowest answer', () => {
    const link = new Link();
    link.answerMs = 500;
    expect(link.pass(10_000)).toBeUndefined();
    link.answerMs = undefined;
    expect(link.pass(60_000)).toBeGreaterThanOrEqual(1500);
  });

  it('is not given up for a pause of this process, however long, when the peer did answer', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20_000 }), { maxLength: 60 }), (pauses) => {
        const link = new Link();
        expect(link.pass(100_000, () => pauses.shift() ?? settings.pingAfterMs)).toBeUndefined();
      }),
    );
  });

  it('gets twice as long each time that the peer turns out to be alive', () => {
    const patience = new Patience(settings);
    const waited = [1, 2, 3, 4].map(() => {
      const link = new Link(patience);
      link.pass(1000);
      link.answerMs = undefined;
      return Math.floor((link.pass(60_000) ?? Infinity) / settings.leastPatienceMs);
    });
    expect(waited).toEqual([1, 2, 4, Math.floor(settings.mostPatienceMs / settings.leastPatienceMs)]);
  });
});
