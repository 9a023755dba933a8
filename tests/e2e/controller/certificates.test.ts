import { X509Certificate } from 'node:crypto';
import type { FineTuneJob } from '@tuneyard/controller/api';
import type { KubeObject } from '@tuneyard/controller/kube';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cluster, ControllerProcess } from './cluster.js';
import { jobObject, queueObject, startCluster, startControllerProcess, until } from './cluster.js';
import { speakFor, type WorkerPod } from './fake-worker.js';
import { JOBS, PODS, QUEUES, SECRETS } from './kinds.js';

type Secret = KubeObject & { readonly data: Readonly<Record<string, string>> };

let cluster: Cluster;
let controller: ControllerProcess | undefined;

beforeEach(async () => {
  cluster = await startCluster();
  await cluster.addNode('gpu-0', 2);
  await cluster.client.create(QUEUES, queueObject('team', 2));
});
afterEach(async () => {
  await controller?.stop();
  controller = undefined;
  await cluster.close();
});

const secret = (name: string) =>
  cluster.client.get<Secret>(SECRETS, { name, namespace: 'default' }).catch(() => undefined);
const text = (found: Secret | undefined, key: string) =>
  Buffer.from(found?.data[key] ?? '', 'base64').toString();
const pods = async () => (await cluster.client.list<WorkerPod>(PODS)).items;

describe('certificates of a job', () => {
  it('are in a Secret that it owns, of its own authority, and replaced before they end', async () => {
    // 7.2 s, replaced after 4.8.
    controller = await startControllerProcess(cluster.kubeconfig, ['--certificate-lifetime', '0.002']);
    const { metadata } = await cluster.client.create(JOBS, jobObject('tune'));
    const [pod] = await until('two pods', async () => {
      const found = await pods();
      return found.length === 2 ? found : undefined;
    });
    const first = await secret('tune-identity-0');
    const certificate = new X509Certificate(text(first, 'worker-1.pem'));
    expect(certificate.subjectAltName).toBe('DNS:tune-worker-1');
    expect(certificate.issuer).toBe(`CN=tuneyard job ${metadata.uid}`);
    expect(certificate.verify(new X509Certificate(text(first, 'ca.pem')).publicKey)).toBe(true);
    expect(first?.metadata.ownerReferences?.[0]?.uid).toBe(metadata.uid);

    const second = await until('newer certificates', async () => {
      const found = await secret('tune-identity-0');
      return text(found, 'worker-1.pem') === text(first, 'worker-1.pem') ? undefined : found;
    });
    expect(Date.now()).toBeLessThan(Date.parse(certificate.validTo));
    expect(text(second, 'token')).toBe(text(first, 'token'));
    const worker = await speakFor(cluster.client, pod as WorkerPod);
    await until('it is welcome', () => Promise.resolve(worker.has('welcome')));
    worker.close();
  });

  it('come from one authority, whichever replica and however often it starts', async () => {
    controller = await startControllerProcess(cluster.kubeconfig);
    await cluster.client.create(JOBS, jobObject('tune'));
    await until('two pods', async () => (await pods()).length === 2);
    const before = await secret('tune-identity-0');
    await controller.stop();
    controller = await startControllerProcess(cluster.kubeconfig);
    const after = await until('written anew', async () => {
      const found = await secret('tune-identity-0');
      return found?.metadata.resourceVersion === before?.metadata.resourceVersion ? undefined : found;
    });
    for (const key of ['token', 'coordinator-ca.pem']) expect(text(after, key)).toBe(text(before, key));
    const [one, other] = [before, after].map((found) => new X509Certificate(text(found, 'ca.pem')));
    expect(one?.publicKey.equals(other?.publicKey as never)).toBe(true);
  });

  it('leave the Secrets of others alone, and are refused where the authority is damaged', async () => {
    controller = await startControllerProcess(cluster.kubeconfig);
    const theirs = { token: Buffer.from('theirs').toString('base64') };
    const metadata = { name: 'tune-identity-0', namespace: 'default' };
    await cluster.client.create<Secret>(SECRETS, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
      data: theirs,
    });
    await cluster.client.create(JOBS, jobObject('tune'));
    await until('the job says so', async () => {
      const { status } = await cluster.client.get<FineTuneJob>(JOBS, { name: 'tune', namespace: 'default' });
      return status?.conditions?.some(
        ({ type, reason, message }) =>
          type === 'WorkersReady' &&
          reason === 'WorkerNameTaken' &&
          message.includes('Secret default/tune-identity-0 was written by somebody else: delete it'),
      );
    });
    expect(text(await secret('tune-identity-0'), 'token')).toBe('theirs');
    expect(await pods()).toEqual([]);
    await controller.stop();
    controller = undefined;
    const authority = { name: 'tuneyard-authority', namespace: 'default' };
    await cluster.client.mergePatch(SECRETS, authority, { data: { key: '' } });
    await expect(startControllerProcess(cluster.kubeconfig)).rejects.toThrow(
      /secret default\/tuneyard-authority is damaged .* delete it/,
    );
  });
});
