import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { HubModels } from './hub-models.js';

const COMMIT = 'a'.repeat(40);
let server: Server;
/** Answers of the hub that are still to come, and the paths that were asked. */
let open: ServerResponse[];
let asked: string[];
beforeEach(async () => {
  [open, asked] = [[], []];
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    open.push(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const hub = () =>
  new HubModels({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    now: () => 0,
    timeoutMs: 60_000,
  });
const answer = () => open.splice(0).forEach((response) => response.end(JSON.stringify({ sha: COMMIT })));

it('asks about few models at once, and about one of another team before thousands of the first', async () => {
  const models = hub();
  for (let at = 0; at < 3000; at++) models.isSettled(`org/m${at}`, 'main', () => undefined, 'team');
  await vi.waitFor(() => expect(open).toHaveLength(4));
  models.isSettled('good/model', 'main', () => undefined, 'other');
  await vi.waitFor(() => expect(open).toHaveLength(5));
  expect(asked.at(-1)).toBe('/api/models/good/model/revision/main');
});

it('asks about a model once, however often it is looked for, and not about the commit that it told', async () => {
  const models = hub();
  const settled = new Promise<void>((resolve) => void models.isSettled('org/m', 'main', resolve, 'team'));
  for (let at = 0; at < 100; at++) models.known('org/m', 'main', 'team');
  await vi.waitFor(() => expect(open).toHaveLength(1));
  answer();
  await vi.waitFor(() => expect(open).toHaveLength(1));
  answer();
  await settled;
  expect(models.known('org/m', COMMIT)).toMatchObject({ commit: COMMIT });
  expect(asked).toHaveLength(2);
});

it('lets the workers of one team ask for themselves beyond what may wait', () => {
  const models = hub();
  const settled = Array.from({ length: 5010 }, (_, at) =>
    models.isSettled(`org/m${at}`, 'main', () => undefined, 'team'),
  );
  expect(settled.filter((is) => is).length).toBeGreaterThan(0);
  expect(models.isSettled('good/model', 'main', () => undefined, 'other')).toBe(false);
});
