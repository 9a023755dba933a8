import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiError, ConnectionError, NotLeaderError, QuietWatchError } from '../errors.js';
import { Backoff } from './backoff.js';
import type { Connection } from './connection.js';
import { FakeClock } from './fake-clock.js';
import { KubeClient } from './kube-client.js';
import { Reflector } from './reflector.js';
import type { KubeObject, Resource } from './resource.js';

const THINGS: Resource = {
  group: 'test.dev',
  version: 'v1',
  plural: 'things',
  kind: 'Thing',
  namespaced: true,
};
const thing = (name: string, version: number): KubeObject => ({
  metadata: { name, namespace: 'default', uid: name, resourceVersion: String(version) },
});

let server: Server;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let client: KubeClient;

const connectionTo = (url: string): Connection => ({
  server: new URL(url),
  namespace: 'default',
  credentials: () => Promise.resolve({ headers: { Authorization: 'Bearer secret' }, tls: {} }),
});
const json = (
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
) => response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));

beforeEach(async () => {
  server = createServer((request, response) => answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = new KubeClient(connectionTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), {
    qps: 0,
    requestTimeoutMs: 300,
  });
});

afterEach(async () => {
  client.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('KubeClient', () => {
  it('waits as long as the server asks and tries again', async () => {
    let requests = 0;
    answer = (_request, response) => {
      requests++;
      if (requests < 3)
        json(response, 429, { reason: 'TooManyRequests', message: 'slow down' }, { 'Retry-After': '0' });
      else json(response, 200, thing('a', 1));
    };
    expect((await client.get(THINGS, { name: 'a', namespace: 'default' })).metadata.name).toBe('a');
    expect(requests).toBe(3);
  });

  it('gives what the Status object says', async () => {
    answer = (_request, response) =>
      json(response, 409, { reason: 'Conflict', message: 'somebody was faster' });
    const failure: unknown = await client.update(THINGS, thing('a', 1)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ApiError);
    expect(failure).toMatchObject({ status: 409, reason: 'Conflict', message: 'somebody was faster' });
  });

  it('creates without reading the answer, and keeps the connection', async () => {
    const sockets = new Set<unknown>();
    answer = (request, response) => {
      sockets.add(request.socket);
      response.writeHead(201, { 'content-type': 'application/json' }).end('this is no JSON');
    };
    for (let n = 0; n < 3; n++) expect(await client.createUnread(THINGS, thing('a', 1))).toBeUndefined();
    expect(sockets.size).toBe(1);
    answer = (_request, response) =>
      json(response, 409, { reason: 'AlreadyExists', message: 'there already' });
    await expect(client.createUnread(THINGS, thing('a', 1))).rejects.toMatchObject({
      reason: 'AlreadyExists',
    });
  });

  it('gives up a request without an answer', async () => {
    answer = () => {};
    await expect(client.get(THINGS, { name: 'a', namespace: 'default' })).rejects.toThrow(
      /no answer within 300 ms/,
    );
  });

  it('says that a server cannot be reached', async () => {
    const nobody = new KubeClient(connectionTo('http://127.0.0.1:1'), { qps: 0 });
    await expect(nobody.list(THINGS)).rejects.toBeInstanceOf(ConnectionError);
  });

  it('hands nothing to the network when it must not write', async () => {
    let writes = 0;
    answer = (request, response) => {
      if (request.method !== 'GET') writes++;
      json(response, 200, thing('a', 1));
    };
    let leads = true;
    client.fence(() => {
      if (!leads) throw new NotLeaderError('not the leader');
    });
    await client.create(THINGS, thing('a', 1));
    leads = false;
    await expect(client.create(THINGS, thing('b', 1))).rejects.toBeInstanceOf(NotLeaderError);
    await expect(client.delete(THINGS, { name: 'a', namespace: 'default' })).rejects.toBeInstanceOf(
      NotLeaderError,
    );
    await client.get(THINGS, { name: 'a', namespace: 'default' });
    expect(writes).toBe(1);
  });

  describe('a write that was decided while this process led, and is due when it leads no more', () => {
    let leads: boolean;
    let writes: number;
    const serve = (request: IncomingMessage, response: ServerResponse) => {
      if (request.method !== 'GET') writes++;
      json(response, 200, thing('a', 1));
    };
    const fence = (fenced: KubeClient) =>
      fenced.fence(() => {
        if (!leads) throw new NotLeaderError('not the leader');
      });
    const expectHeldBack = async (write: Promise<unknown>, before: number) => {
      await expect(write).rejects.toBeInstanceOf(NotLeaderError);
      expect(writes).toBe(before);
    };

    beforeEach(() => {
      leads = true;
      writes = 0;
      answer = serve;
    });

    it('is held back when it waited for its budget', async () => {
      const clock = new FakeClock();
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const slow = new KubeClient(connectionTo(url), { qps: 1, burst: 1, clock });
      fence(slow);
      await slow.create(THINGS, thing('a', 1));
      const write = slow.create(THINGS, thing('b', 1));
      leads = false;
      clock.advance(1000);
      await expectHeldBack(write, 1);
      slow.close();
    });

    it('is held back when it waited for a connection', async () => {
      fence(client);
      const held: ServerResponse[] = [];
      answer = (_request, response) => held.push(response);
      // As many as there are connections.
      const reads = Array.from({ length: 64 }, () => client.get(THINGS, { name: 'a', namespace: 'default' }));
      while (held.length < 64) await new Promise((resolve) => setImmediate(resolve));
      const write = client.create(THINGS, thing('b', 1));
      const outcome = expectHeldBack(write, 0);
      await new Promise((resolve) => setImmediate(resolve));
      leads = false;
      answer = serve;
      for (const response of held) json(response, 200, thing('a', 1));
      await outcome;
      await Promise.all(reads);
    });

    it('is held back when the server asked to wait', async () => {
      fence(client);
      answer = (_request, response) => {
        writes++;
        leads = false;
        json(response, 429, { reason: 'TooManyRequests' }, { 'Retry-After': '0' });
      };
      await expectHeldBack(client.create(THINGS, thing('b', 1)), 1);
    });
  });

  it('shares the fence with a client that has a budget of its own', async () => {
    let writes = 0;
    answer = (_request, response) => {
      writes++;
      json(response, 200, thing('a', 1));
    };
    const slow = new KubeClient(connectionTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), {
      qps: 0.001,
      burst: 1,
    });
    const other = slow.withOwnBudget();
    await slow.create(THINGS, thing('a', 1));
    // The first one has nothing left.
    await other.create(THINGS, thing('a', 1));
    slow.fence(() => {
      throw new NotLeaderError('not the leader');
    });
    await expect(slow.withOwnBudget().create(THINGS, thing('b', 1))).rejects.toBeInstanceOf(NotLeaderError);
    slow.close();
    expect(writes).toBe(2);
  });

  it('takes a silent watch for dead, but not a slow one', async () => {
    let bookmarks = 0;
    answer = (_request, response) => {
      response.writeHead(200);
      const timer = setInterval(() => {
        if (bookmarks++ < 5)
          response.write(`${JSON.stringify({ type: 'BOOKMARK', object: thing('', bookmarks) })}\n`);
        else clearInterval(timer);
      }, 60);
    };
    const started = performance.now();
    const versions: unknown[] = [];
    const watching = client.watch(THINGS, { timeoutSeconds: 60, stallMs: 150 }, ({ object }) =>
      versions.push(object.metadata.resourceVersion),
    );
    const failed = await watching.catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(QuietWatchError);
    expect((failed as Error).message).toContain('nothing heard for 150 ms');
    expect(versions).toEqual(['1', '2', '3', '4', '5']);
    expect(performance.now() - started).toBeGreaterThan(400);
  });

  it('takes a watch that was never answered for a server that cannot be reached', async () => {
    answer = () => {};
    const failed = await client
      .watch(THINGS, { timeoutSeconds: 60, stallMs: 50 }, () => {})
      .catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(ConnectionError);
    expect(failed).not.toBeInstanceOf(QuietWatchError);
  });

  it('notices an event that broke off', async () => {
    answer = (_request, response) => {
      response.writeHead(200).end('{"type":"ADDED","obj');
    };
    await expect(client.watch(THINGS, { timeoutSeconds: 60, stallMs: 1000 }, () => {})).rejects.toThrow(
      /broke off/,
    );
  });
});

describe('a reflector over HTTP', () => {
  it('needs no more memory after 10,000 reconnects than after 1,000', async () => {
    const seen = { version: 1, watches: 0 };
    answer = (request, response) => {
      if (!(request.url ?? '').includes('watch=true')) {
        json(response, 200, { metadata: { resourceVersion: '1' }, items: [thing('a', 1)] });
        return;
      }
      seen.watches++;
      seen.version++;
      response
        .writeHead(200)
        .write(`${JSON.stringify({ type: 'MODIFIED', object: thing('a', seen.version) })}\n`);
      // A third ends as agreed, a third in the middle of an event, a third without a word.
      if (seen.watches % 3 === 0) response.end();
      else if (seen.watches % 3 === 1) response.end('{"type":');
      else response.destroy();
    };
    setFlagsFromString('--expose_gc');
    const collect = runInNewContext('gc') as () => void;
    const reflector = new Reflector<KubeObject>(client, THINGS, {
      backoff: new Backoff({ baseMs: 0, maxMs: 0 }),
    });
    reflector.start();
    const heapAfter = async (count: number) => {
      while (seen.watches < count) await new Promise((resolve) => setTimeout(resolve, 5));
      collect();
      return process.memoryUsage().heapUsed;
    };
    const early = await heapAfter(1_000);
    const late = await heapAfter(10_000);
    await reflector.stop();
    expect(Number(reflector.cache.get('default/a')?.metadata.resourceVersion)).toBeGreaterThan(10_000);
    // 9,000 reconnects; a listener or timer left behind by each would be several MB.
    expect(late - early).toBeLessThan(1_500_000);
  });
});
