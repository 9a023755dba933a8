import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { names, TestServer } from '../test-server.js';
import { Informer } from './informer.js';
import { KubeClient } from './kube-client.js';

const maps = '/api/v1/namespaces/default/configmaps';

let server: TestServer;
let client: KubeClient;
beforeAll(async () => {
  server = await TestServer.start({ historyLength: 5 });
  client = await KubeClient.fromKubeconfig(server.plane.kubeconfigPath, 'test');
});
afterAll(async () => {
  client.close();
  await server.close();
});

describe('Informer', () => {
  it('ends up with what the server has, through cut watches, forgotten history and refusals', async () => {
    const gone: string[] = [];
    const informer = new Informer(client, maps, '', {
      gone: (object) => void gone.push(object.metadata.name),
    });
    await informer.start();
    for (let round = 0; round < 30; round += 1) {
      await server.call('POST', maps, { metadata: { name: `m${round}` } });
      if (round % 3 === 0) await server.call('DELETE', `${maps}/m${round}`);
      if (round % 7 === 0) await server.call('POST', '/tuneyard/v1/watches/cut');
      if (round % 10 === 0) {
        await server.call('POST', '/tuneyard/v1/compact');
        await server.call('POST', '/tuneyard/v1/faults', {
          code: 500,
          resource: 'configmaps',
          method: 'GET',
          count: 2,
        });
      }
    }
    await server.call('DELETE', '/tuneyard/v1/faults');
    const wanted = names((await server.get(maps)).body).sort();
    await expect
      .poll(() => [...informer.objects.values()].map((object) => object.metadata.name).sort(), {
        timeout: 8000,
      })
      .toEqual(wanted);
    expect(new Set(gone).size).toBe(gone.length);
    await informer.stop();
  });
});
