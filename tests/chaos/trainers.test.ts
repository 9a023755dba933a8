import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { STEPS, Yard, type RunningJob, type Trainer } from './yard.js';

const EXPELLED = /^ExpelledError: .* micro-batch.* in step \d+ as computed by b has wrong bits/m;
const LORA = { type: 'lora', lora: { rank: 4, dropout: 0.1 } };
const PTUNING = { type: 'ptuning', ptuning: { virtualTokens: 4, hiddenSize: 16 } };

let yard: Yard;
beforeAll(async () => {
  yard = await Yard.open();
});
afterAll(() => yard.close());

/** All end well. */
async function end(...trainers: Trainer[]): Promise<void> {
  await Promise.all(trainers.map((trainer) => trainer.ended));
  for (const { child, stderr } of trainers) expect(child.exitCode, stderr).toBe(0);
}

describe.each([
  ['lora', LORA],
  ['ptuning', PTUNING],
])('the adapter and the optimizer state of %s have the same bits', (name, method) => {
  let adapter = '';
  let state: string | undefined;
  beforeAll(async () => {
    const alone = await yard.job(`${name}-1`, { method, expectedWorkers: 1 });
    const trainer = alone.start('a');
    await end(trainer);
    adapter = alone.adapterDigest();
    state = trainer.stateDigest();
    expect(state).toBeDefined();
  });

  const expectSame = (job: RunningJob, ...trainers: Trainer[]): void => {
    expect(job.adapterDigest()).toBe(adapter);
    for (const trainer of trainers) expect(trainer.stateDigest()).toBe(state);
  };

  it('from two workers', async () => {
    const job = await yard.job(`${name}-2`, { method, expectedWorkers: 2 });
    const trainers = [job.start('a'), job.start('b')];
    await end(...trainers);
    expectSame(job, ...trainers);
  });

  it('from one that two more join on the way', async () => {
    const job = await yard.job(`${name}-1-3`, { method, expectedWorkers: 1 });
    const first = job.start('a', { await: { members: 3, step: 3 } });
    await first.committed(2);
    const trainers = [first, job.start('b'), job.start('c')];
    await end(...trainers);
    expectSame(job, ...trainers);
  });

  it('from four of which two are killed on the way', async () => {
    const job = await yard.job(`${name}-4-2`, { method, expectedWorkers: 4 });
    const [a, b, c, d] = [job.start('a'), job.start('b'), job.start('c'), job.start('d')];
    await Promise.all([a.committed(2), c.committed(2)]);
    a.child.kill('SIGKILL');
    c.child.kill('SIGKILL');
    await end(b, d);
    expect(b.steps()).toEqual(Array.from({ length: STEPS }, (_, i) => i + 1));
    expectSame(job, b, d);
  });
});

describe('trainers', () => {
  it('of which one computes gradients with a wrong bit replace it; the adapter has the bits of a calm run', async () => {
    const calm = await yard.job('calm', { method: LORA, expectedWorkers: 1 });
    await end(calm.start('a'));

    const job = await yard.job('disturbed', { method: LORA, expectedWorkers: 3, verifyEverySteps: 1 });
    const await3 = { await: { members: 3, step: 5 } };
    const [first, flawed, third] = [
      job.start('a', await3),
      job.start('b', { flawedFrom: 3 }),
      job.start('c', await3),
    ];
    await flawed.ended;
    expect(flawed.child.exitCode).not.toBe(0);
    expect(flawed.stderr).toMatch(EXPELLED);
    expect(flawed.steps()).toEqual([1, 2]);
    const replacement = job.start('b');
    const sound = [first, third, replacement];
    await end(...sound);
    for (const { stderr } of [first, third])
      expect(stderr).toContain('"message":"wrong bits: the gradient of micro-batch');
    expect(replacement.steps().at(-1)).toBe(STEPS);
    expect(job.adapterDigest()).toBe(calm.adapterDigest());
  });

  it('that come when the job is over leave its result alone', async () => {
    const job = await yard.job('over', { method: LORA, expectedWorkers: 1 });
    await job.start('a').ended;
    const digest = job.adapterDigest();
    const late = job.start('b');
    await late.ended;
    expect(late.child.exitCode, late.stderr).toBe(0);
    expect(job.adapterDigest()).toBe(digest);
  });
});
