import type { Worker } from 'node:worker_threads';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, expect, it } from 'vitest';
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
