import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hubModelAddress } from './hub-model.js';
import { hubEndpoint, HubModels } from './hub-models.js';

const COMMIT = 'a'.repeat(40);
const CONFIG = {
  model_type: 'llama',
  hidden_size: 64,
  intermediate_size: 128,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  vocab_size: 100,
};

let server: Server;
let handle: RequestListener;
let asked: string[];
let now: number;
beforeEach(async () => {
  asked = [];
  now = 0;
  handle = (request, response) =>
    response.end(JSON.stringify(request.url?.startsWith('/api/') ? { sha: COMMIT } : CONFIG));
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const open = (timeoutMs = 20_000) =>
  new HubModels({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    now: () => now,
    timeoutMs,
  });
const settled = (models: HubModels, revision = 'main') =>
  new Promise<void>((resolve) => {
    if (models.isSettled('org/name', revision, resolve)) resolve();
  });

describe('HubModels', () => {
  it('asks once for all who want the same, and knows commit and sizes', async () => {
    const models = open();
    expect(models.known('org/name', 'main')).toBeUndefined();
    await Promise.all([settled(models), settled(models)]);
    expect(models.known('org/name', 'main')).toMatchObject({ commit: COMMIT, shape: {} });
    expect(asked).toEqual(['/api/models/org/name/revision/main', `/org/name/resolve/${COMMIT}/config.json`]);
  });

  it('asks about a branch again after a minute, about a commit never', async () => {
    const models = open();
    await Promise.all([settled(models), settled(models, COMMIT)]);
    asked.length = 0;
    now = 61_000;
    await Promise.all([settled(models), settled(models, COMMIT)]);
    expect(asked.filter((url) => url.startsWith('/api/'))).toHaveLength(1);
    expect(models.known('org/name', COMMIT)).toMatchObject({ commit: COMMIT });
  });

  it.each<[string, RequestListener]>([
    ['refuses', (_, response) => response.writeHead(401).end('{}')],
    ['is silent', () => undefined],
    ['answers without end', (_, response) => void response.write('x'.repeat(400_000))],
    ['answers nonsense', (_, response) => response.end('[1')],
    ['names no commit', (_, response) => response.end('{"sha":"../../etc"}')],
  ])('does without a hub that %s, and does not hold jobs up while it asks again', async (_, trouble) => {
    handle = trouble;
    const models = open(300);
    await settled(models);
    expect(models.known('org/name', 'main')).toBeUndefined();
    now = 61_000;
    expect(models.isSettled('org/name', 'main', () => undefined)).toBe(true);
  });

  it('pins a model whose sizes it cannot read', async () => {
    handle = (request, response) =>
      request.url?.startsWith('/api/') === true
        ? response.end(JSON.stringify({ sha: COMMIT }))
        : response.writeHead(404).end();
    const models = open();
    await settled(models);
    expect(models.known('org/name', 'main')).toEqual({ commit: COMMIT });
  });
});

describe('hubModelAddress', () => {
  it.each([
    ['hf://org/name', { name: 'org/name' }],
    ['hf://gpt2', { name: 'gpt2' }],
    ['hf://org/name@v1.0', { name: 'org/name', revision: 'v1.0' }],
    ['hf://datasets/org/name', undefined],
    ['hf://org/../name', undefined],
    ['s3://bucket/x', undefined],
  ])('%s', (source, address) => expect(hubModelAddress(source)).toEqual(address));
});

describe('hubEndpoint', () => {
  it('is that of the environment, if any', () => {
    expect(hubEndpoint({})).toBe('https://huggingface.co');
    expect(hubEndpoint({ HF_ENDPOINT: 'https://mirror.test/' })).toBe('https://mirror.test');
    expect(hubEndpoint({ HF_HUB_OFFLINE: '1' })).toBeUndefined();
  });
});
