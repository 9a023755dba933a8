import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { KubeClient } from '../../kube-client/kube-client.js';
import { at } from '../json.js';
import { startControlPlane } from '../start-control-plane.js';

describe('credentials', () => {
  it('are demanded over TLS, and roles are enforced', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'tuneyard-test-'));
    const plane = await startControlPlane({
      rbac: true,
      kubeconfigPath: path.join(folder, 'admin'),
      tokens: [{ token: 'bobs-token', user: { name: 'bob', groups: ['system:authenticated'] } }],
    });
    const clients: KubeClient[] = [];
    const clientOf = async (name: string, text: string): Promise<KubeClient> => {
      writeFileSync(path.join(folder, name), text, { mode: 0o600 });
      const client = await KubeClient.fromKubeconfig(path.join(folder, name), 'test');
      clients.push(client);
      return client;
    };
    try {
      const admin = await clientOf('admin', plane.kubeconfig);
      const nobody = await clientOf('nobody', plane.kubeconfig.replace(plane.token, 'wrong'));
      const bob = await clientOf('bob', plane.kubeconfig.replace(plane.token, 'bobs-token'));
      const carol = await clientOf('carol', plane.clientKubeconfig('carol', ['team']));
      await expect(nobody.get('/api/v1/pods')).rejects.toMatchObject({ code: 401 });
      await expect(bob.get('/api/v1/pods')).rejects.toMatchObject({ code: 403 });
      const role = {
        metadata: { name: 'read' },
        rules: [{ verbs: ['list'], apiGroups: [''], resources: ['pods'] }],
      };
      await admin.create('/apis/rbac.authorization.k8s.io/v1/clusterroles', role);
      await admin.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
        metadata: { name: 'read' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'read' },
        subjects: [
          { kind: 'User', name: 'bob' },
          { kind: 'Group', name: 'team' },
        ],
      });
      expect(await bob.get('/api/v1/pods')).toMatchObject({ kind: 'PodList' });
      expect(await carol.get('/api/v1/pods')).toMatchObject({ kind: 'PodList' });
      await expect(carol.get('/api/v1/secrets')).rejects.toMatchObject({ code: 403 });
      const asked = await admin.create('/api/v1/namespaces/default/serviceaccounts/default/token', {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { expirationSeconds: 600 },
      });
      const token = String(at(asked, 'status', 'token'));
      const robot = await clientOf('robot', plane.kubeconfig.replace(plane.token, token));
      await expect(robot.get('/api/v1/pods')).rejects.toMatchObject({
        code: 403,
        message: expect.stringContaining('system:serviceaccount:default:default') as string,
      });
      const forged = `${token.slice(0, -4)}AAAA`;
      const thief = await clientOf('thief', plane.kubeconfig.replace(plane.token, forged));
      await expect(thief.get('/api/v1/pods')).rejects.toMatchObject({ code: 401 });
    } finally {
      for (const client of clients) client.close();
      await plane.close();
      rmSync(folder, { recursive: true });
    }
  });
});
