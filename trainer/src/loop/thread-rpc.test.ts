import type { Worker } from 'node:worker_threads';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, expect, it, onTestFinished } from 'vitest';
import { DivergedError, ResourceError, UserError } from '../errors.js';
import { serveCalls, ThreadCaller } from './thread-rpc.js';

const { port1, port2 } = new MessageChannel();
afterEach(() => port1.close());

it('keeps the class of errors that decide whether a job is tried again', async () => {
  const errors = [new UserError('a'), new ResourceError('b'), new DivergedError('c'), new Error('d')];
  serveCalls(port1, { fail: (index: number) => Promise.reject(errors[index] ?? new Error('none')) });
  // A port speaks as a worker does; only its end is never told.
  const caller = new ThreadCaller(port2 as unknown as Worker);
  for (const [index, error] of errors.entries()) {
    const caught: unknown = await caller.call('fail', index).catch((reason: unknown) => reason);
    expect(caught).toBeInstanceOf(error.constructor);
    expect(caught).toMatchObject({ name: error.name, message: error.message });
  }
});

it('hands large results and arguments over without copying them', async () => {
  const { port1: served, port2: calling } = new MessageChannel();
  onTestFinished(() => served.close());
  const state = new Uint8Array(1 << 20).fill(7);
  serveCalls(served, { state: async () => state, sizeOf: async (bytes: Uint8Array) => bytes.byteLength });
  const caller = new ThreadCaller(calling as unknown as Worker);
  const received = await caller.call<Uint8Array>('state');
  expect([received.byteLength, received[0], received.at(-1)]).toEqual([1 << 20, 7, 7]);
  expect(state.byteLength).toBe(0);
  expect(await caller.call('sizeOf', received)).toBe(1 << 20);
  expect(received.byteLength).toBe(0);
});
