import { afterEach, describe, expect, it, vi } from 'vitest';
import { ConnectionError } from '../errors.js';
import { withCluster } from './cluster.js';

afterEach(() => vi.unstubAllEnvs());

const refusal = (kubeconfig?: string) =>
  withCluster(kubeconfig === undefined ? {} : { kubeconfig }, () =>
    Promise.reject(new ConnectionError('connect ECONNREFUSED')),
  ).then(
    () => '',
    (error: Error) => error.message,
  );

describe('a cluster that cannot be reached', () => {
  it('names no file where none was found', async () => {
    vi.stubEnv('KUBECONFIG', '');
    vi.stubEnv('HOME', '/nowhere');
    expect(await refusal()).toBe(
      'cannot reach http://localhost:8080: connect ECONNREFUSED; no kubeconfig was found, so the usual local address was tried: name a kubeconfig with --kubeconfig or KUBECONFIG, or write ~/.kube/config',
    );
  });

  it.each([
    ['KUBECONFIG', undefined],
    ['--kubeconfig', '/nope'],
  ])('names the file that %s names and that is not there', async (_, kubeconfig) => {
    vi.stubEnv('KUBECONFIG', '/nope');
    expect(await refusal(kubeconfig)).toBe(
      'there is no kubeconfig /nope: name one that is there with --kubeconfig or KUBECONFIG',
    );
  });
});
