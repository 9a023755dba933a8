import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { UserError } from '../../errors.js';
import { TLS_PAIR } from '../testing/tls-pair.js';
import { createWebClient } from './web-client.js';

const servers: Pick<ReturnType<typeof createServer>, 'close'>[] = [];
afterAll(() => servers.forEach((server) => server.close()));

/** A server of an origin of its own. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const redirectTo =
  (location: () => string, status = 302): RequestListener =>
  (_, response) =>
    void response.writeHead(status, { location: location() }).end();

const SECRETS = {
  authorization: 'Bearer secret',
  cookie: 'session=secret',
  'x-amz-security-token': 'secret',
  'x-amz-date': '20260101T000000Z',
};

describe('a web client that is redirected', () => {
  it('keeps credentials from another origin, and asks it for the same range', async () => {
    const seen: IncomingHttpHeaders[] = [];
    const other = await serve((request, response) => {
      seen.push(request.headers);
      response.end('content');
    });
    const first = await serve(redirectTo(() => `${other}/elsewhere`));
    const response = await createWebClient()(`${first}/file`, {
      headers: { ...SECRETS, range: 'bytes=3-', 'if-range': '"v1"' },
    });
    expect(await response.text()).toBe('content');
    expect(response.url).toBe(`${other}/elsewhere`);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ range: 'bytes=3-', 'if-range': '"v1"' });
    for (const name of Object.keys(SECRETS)) expect(seen[0]).not.toHaveProperty([name]);
    expect(JSON.stringify(seen[0])).not.toContain('secret');
  });

  it('does not give them back to the first origin by way of another one', async () => {
    const seen: IncomingHttpHeaders[] = [];
    let second = '';
    const first = await serve((request, response) => {
      seen.push(request.headers);
      if (request.url === '/end') response.end();
      else response.writeHead(307, { location: `${second}/` }).end();
    });
    second = await serve(redirectTo(() => `${first}/end`));
    await createWebClient()(`${first}/begin`, { headers: SECRETS });
    expect(seen.map(({ authorization }) => authorization)).toEqual(['Bearer secret', undefined]);
  });

  it('sends them along within an origin', async () => {
    const seen: IncomingHttpHeaders[] = [];
    const server = await serve((request, response) => {
      seen.push(request.headers);
      if (request.url === '/b') response.end();
      else response.writeHead(301, { location: '/b' }).end();
    });
    await createWebClient()(`${server}/a`, { headers: SECRETS });
    expect(seen.at(-1)).toMatchObject(SECRETS);
  });

  it('gives up after ten, and hands on the answer', async () => {
    let requests = 0;
    const server: string = await serve((_, response) => {
      requests++;
      response.writeHead(302, { location: `/${requests}` }).end();
    });
    const { status } = await createWebClient()(server);
    expect([status, requests]).toEqual([302, 11]);
  });

  it.each([
    ['an upload', { method: 'PUT', body: 'content' }, 307, '/next'],
    ['to what is no web address', {}, 302, 'data:text/plain,content'],
    ['without an address', {}, 302, 'http://'],
  ])('does not follow %s', async (_, init, status, location) => {
    let requests = 0;
    const server = await serve((_request, response) => {
      requests++;
      response.writeHead(status, { location }).end();
    });
    const response = await createWebClient()(server, init);
    expect([response.status, requests]).toEqual([status, 1]);
  });

  it('does not go on in the clear where it began encrypted', async () => {
    let requests = 0;
    const clear = await serve((_, response) => {
      requests++;
      response.end('content');
    });
    const encrypted = createTlsServer(TLS_PAIR, (_, response) => {
      response.writeHead(302, { location: `${clear}/file` }).end();
    });
    servers.push(encrypted);
    await new Promise<void>((resolve) => encrypted.listen(0, '127.0.0.1', resolve));
    const address = `https://127.0.0.1:${(encrypted.address() as AddressInfo).port}`;
    const client = createWebClient({ authority: TLS_PAIR.cert });
    await expect(client(`${address}/model?token=secret`)).rejects.toThrow(
      new UserError(`${address}/model: leads to an address that is not encrypted; it is not followed`),
    );
    expect(requests).toBe(0);
  });
});
