import { describe, expect, it } from 'vitest';
import { findCondition } from '../api/index.js';
import { decide } from './decide.js';
import { hostsOf } from './silent-workers.js';
import { admitted, facts, makeJob, NOW, podsOf, PROGRESS, training } from './test-facts.js';

const readinessOf = (decision: ReturnType<typeof decide>) =>
  findCondition(decision.status.conditions, 'WorkersReady');
const silent = training({ generation: 0, members: [] });
const loading = training({
  generation: 0,
  members: training().members.map((member) => ({ ...member, ready: false })),
});

describe('workers whose pods run and that are not ready', () => {
  it('cannot reach the coordinator when none reports to it for a minute', () => {
    const job = admitted({}, 59);
    expect(readinessOf(decide(facts(job, { pods: podsOf(job), training: silent })))?.reason).toBe(
      'WaitingForWorkers',
    );
    const late = admitted({}, 61);
    expect(readinessOf(decide(facts(late, { pods: podsOf(late), training: silent })))).toMatchObject({
      status: 'False',
      reason: 'CoordinatorUnreachable',
      message: expect.stringContaining('none reports to the coordinator: see in "tuneyard logs j"'),
    });
  });

  it('load when they report but are not ready, with the hosts that they need', () => {
    const spec = { model: { source: 'hf://Qwen/Qwen2.5-7B' } };
    const job = admitted(spec, 31);
    expect(readinessOf(decide(facts(job, { pods: podsOf(job), training: loading })))).toMatchObject({
      reason: 'LoadingInputs',
      message: expect.stringContaining('whether the pods reach huggingface.co'),
    });
  });

  it('no longer count as training for certain, and go on when they are heard of again', () => {
    const job = admitted({}, 3600);
    const progress = { ...PROGRESS, step: 5 };
    const trained = decide(facts(job, { pods: podsOf(job), training: training({ progress }) })).status;
    // A controller at another address: nothing is known there.
    const lost = decide(facts(makeJob({}, trained), { pods: podsOf(job), training: silent })).status;
    expect(findCondition(lost.conditions, 'Training')?.status).toBe('True');
    const later = { pods: podsOf(job), training: silent, now: NOW + 61_000 };
    const { status, deletePods = [] } = decide(facts(makeJob({}, lost), later));
    expect(findCondition(status.conditions, 'Training')).toMatchObject({
      status: 'Unknown',
      reason: 'CoordinatorUnreachable',
    });
    expect(status).toMatchObject({ phase: 'Training' });
    expect(status.columns?.left).toBeUndefined();
    expect(deletePods).toEqual([]);
    const again = { ...later, training: training({ progress }) };
    const back = decide(facts(makeJob({}, status), again)).status;
    expect(findCondition(back.conditions, 'Training')?.status).toBe('True');
  });

  it('fetch from the hosts of their addresses', () => {
    const dataset = { sources: [{ uri: 'https://data.example.com/a.jsonl' }, { uri: 'pvc://claim/b' }] };
    expect(hostsOf({ model: { source: 'hf://a/b' }, dataset } as never)).toEqual([
      'huggingface.co',
      'data.example.com',
    ]);
  });
});
