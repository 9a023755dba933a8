import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FineTuneJob } from '../api/index.js';
import { ApiError, ForeignObjectError } from '../errors.js';
import type { JsonPatchOperation, KubeClient, KubeObject } from '../kube/index.js';
import { SECRETS } from './kinds.js';
import { writeOwned } from './owned-object.js';

const job = { metadata: { name: 'tune', namespace: 'team', uid: 'job-1' } } as FineTuneJob;
const object = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'tune-identity', namespace: 'team', ownerReferences: [{ uid: 'job-1' }] },
  data: { token: 'bmV3' },
} as unknown as KubeObject;

describe('writeOwned', () => {
  let stored: { owner: string | undefined; data: unknown } | undefined;
  let patches: readonly JsonPatchOperation[][];
  let failure: Error | undefined;
  let client: KubeClient;
  beforeEach(() => {
    patches = [];
    client = {
      createUnread: async () => {
        if (stored !== undefined) throw new ApiError('there already', 409, 'AlreadyExists');
        stored = { owner: 'job-1', data: { token: 'bmV3' } };
      },
      jsonPatch: async (_resource: unknown, _ref: unknown, operations: JsonPatchOperation[]) => {
        if (failure !== undefined) throw failure;
        patches = [...patches, operations];
        const [test, replace] = operations;
        if (test?.op !== 'test' || test.value !== stored?.owner)
          throw new ApiError('testing value failed', 422, 'Invalid');
        stored = { owner: stored?.owner, data: replace?.value };
      },
    } as unknown as KubeClient;
  });
  afterEach(() => {
    stored = undefined;
    failure = undefined;
  });
  const write = () => writeOwned(client, { resource: SECRETS, object, job, fields: ['data'] });

  it('creates what is not there, with one request', async () => {
    await write();
    expect(stored).toMatchObject({ owner: 'job-1', data: { token: 'bmV3' } });
    expect(patches).toEqual([]);
  });

  it('renews what is the job’s', async () => {
    stored = { owner: 'job-1', data: { token: 'b2xk' } };
    await write();
    expect(stored).toMatchObject({ data: { token: 'bmV3' } });
  });

  it.each([
    ['nobody’s', undefined],
    ['an earlier job’s', 'job-0'],
  ])('leaves %s as it is', async (_, owner) => {
    stored = { owner, data: 'theirs' };
    await expect(write()).rejects.toThrow(ForeignObjectError);
    await expect(write()).rejects.toThrow(
      'Secret team/tune-identity was written by somebody else: delete it, or rename the job',
    );
    expect(stored).toEqual({ owner, data: 'theirs' });
  });

  it('does not take a failure for a foreign object', async () => {
    stored = { owner: 'job-1', data: 'x' };
    failure = new ApiError('etcd is away', 500, 'InternalError');
    await expect(write()).rejects.toThrow('etcd is away');
  });
});
