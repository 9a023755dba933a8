import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, type JsonObject } from '../apiserver/json.js';
import { TestServer } from '../test-server.js';
import { wantedTaints } from './node-monitor.js';
import { startPodBinder, type PodBinder } from './start-pod-binder.js';

let server: TestServer;
let binder: PodBinder;
beforeAll(async () => {
  server = await TestServer.start();
  const nodeMonitor = { graceMilliseconds: 300, periodMilliseconds: 50 };
  binder = await startPodBinder({ kubeconfig: server.plane.kubeconfigPath, nodeMonitor });
});
afterAll(async () => {
  await binder.close();
  await server.close();
});

const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
const taints = ({ body }: { body: JsonObject }): string => JSON.stringify(at(body, 'spec', 'taints') ?? []);

describe('NodeMonitor', () => {
  it('marks a node whose lease is not renewed, and lets it come back', async () => {
    const conditions = [{ type: 'Ready', status: 'True' }];
    await server.call('POST', '/api/v1/nodes', { metadata: { name: 'quiet' }, status: { conditions } });
    await server.call('POST', leases, { metadata: { name: 'quiet' }, spec: { holderIdentity: 'quiet' } });
    await server.until('/api/v1/nodes/quiet', (answer) => taints(answer).includes('unreachable'));
    const { body } = await server.get('/api/v1/nodes/quiet');
    expect(at(body, 'status', 'conditions')).toMatchObject([{ type: 'Ready', status: 'Unknown' }]);
    await server.patch(`${leases}/quiet`, 'merge', {
      spec: { renewTime: new Date().toISOString().replace('Z', '000Z') },
    });
    await server.patch('/api/v1/nodes/quiet/status', 'merge', { status: { conditions } });
    await server.until('/api/v1/nodes/quiet', (answer) => taints(answer) === '[]');
  });
});

describe('wantedTaints', () => {
  it('leaves the taints of others', () => {
    const own = { key: 'mine', effect: 'NoSchedule' };
    const down = wantedTaints('False', [own]);
    expect(down).toEqual([
      own,
      { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' },
      { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' },
    ]);
    expect(wantedTaints('True', down)).toEqual([own]);
    expect(wantedTaints('Unknown', down).map((taint) => taint['key'])).toContain(
      'node.kubernetes.io/unreachable',
    );
  });
});
