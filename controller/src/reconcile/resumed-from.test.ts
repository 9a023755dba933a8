import { describe, expect, it } from 'vitest';
import { decide } from './decide.js';
import { rfc3339 } from './next-status.js';
import { admitted, facts, makeJob, NOW, podsOf, training } from './test-facts.js';
import { transitionEvents } from './transition-events.js';

const URI = 'file:///o-checkpoints/0123456789abcdef/step-00000664';
const OTHER = { namespace: 'default', name: 'j', uid: 'u-0' };

/** What stands in the status once workers have said where they begin, and what people are told of it. */
function begin(job = admitted(), resumedFrom: object = { step: 664, uri: URI, job: OTHER }, now = NOW) {
  const reported = training({ generation: 0, resumedFrom: resumedFrom as never });
  const { status } = decide(facts(job, { pods: podsOf(job), training: reported, now }));
  const events = transitionEvents(job.status, status).filter(({ reason }) => reason === 'Resumed');
  return { status, events };
}

describe('a job whose workers begin at a checkpoint', () => {
  it('says whose it is in its status and in a warning, when another job wrote it', () => {
    const { status, events } = begin();
    expect(status.resumedFrom).toEqual({
      step: 664,
      uri: URI,
      time: rfc3339(NOW),
      job: 'default/j',
      uid: 'u-0',
    });
    expect(events).toEqual([
      {
        type: 'Warning',
        reason: 'Resumed',
        message: `goes on from step 664 of ${URI}, written by another job: default/j (uid u-0)`,
      },
    ]);
  });

  it('says from where, when it is its own', () => {
    const { status, events } = begin(admitted(), { step: 664, uri: URI, job: { ...OTHER, uid: 'u' } });
    expect(status.resumedFrom).toEqual({ step: 664, uri: URI, time: rfc3339(NOW) });
    expect(events).toEqual([
      { type: 'Normal', reason: 'Resumed', message: `goes on from step 664 of ${URI}` },
    ]);
  });

  it('says that nobody knows whose it is, when the checkpoint does not tell', () => {
    const [event] = begin(admitted(), { step: 664, uri: URI }).events;
    expect(event).toMatchObject({ type: 'Warning', message: expect.stringContaining('does not say') });
  });

  it('says so once in an attempt, and again in the next', () => {
    const { status } = begin();
    expect(begin(makeJob({}, status), undefined, NOW + 5000)).toEqual({ status, events: [] });
    const again = makeJob(
      {},
      {
        ...status,
        placement: { ...status.placement!, time: rfc3339(NOW + 60_000) },
      },
    );
    expect(begin(again, undefined, NOW + 61_000).events).toHaveLength(1);
  });
});
