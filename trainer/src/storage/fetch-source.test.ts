import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TransferError, UserError } from '../errors.js';
import { fetchSource, type FetchContext, type Wanted } from './fetch-source.js';
import { createWebClient } from './http/web-client.js';
import type { FaultServer, SeenRequest } from './testing/fault-server.js';
import { testContext, type TestContext } from './testing/fetch-context.js';
import { startHubServer, type HubRepository } from './testing/hub-server.js';
import { startS3Server, type S3Store } from './testing/s3-server.js';
import { startWebServer } from './testing/web-server.js';

const WEIGHTS = randomBytes(300_000);
const ROWS = Buffer.from('{"text":"one"}\n{"text":"two"}\n'.repeat(20_000));
const FILES = new Map<string, Buffer>([
  ['config.json', Buffer.from('{"model_type":"llama"}')],
  ['tokenizer.json', Buffer.from('{}'.padEnd(2000))],
  ['model.safetensors', WEIGHTS],
  ['pytorch_model.bin', Buffer.from('never read')],
  ['modeling_custom.py', Buffer.from('import os')],
]);
const COMMIT = 'a'.repeat(40);

/** One scheme: how its servers are set up and addressed. */
interface Scheme {
  readonly name: string;
  readonly start: () => Promise<FaultServer>;
  readonly model: string;
  readonly file: string;
  readonly env: (server: FaultServer) => NodeJS.ProcessEnv;
  readonly web?: (server: FaultServer) => FetchContext['web'];
  /** Whether a request asks for the bytes of the weights. */
  readonly forWeights: (request: SeenRequest) => boolean;
  readonly forRows: (request: SeenRequest) => boolean;
}

const KEYS = { id: 'KEY', secret: 'very-secret' };
let store: S3Store;
/** Not the question for size and version. */
const whole = ({ headers }: SeenRequest) => headers.range !== 'bytes=0-0';

const SCHEMES: readonly Scheme[] = [
  {
    name: 'hf://',
    start: () => {
      const model: HubRepository = { commits: new Map([[COMMIT, FILES]]), refs: new Map([['main', COMMIT]]) };
      const data: HubRepository = {
        commits: new Map([
          [
            COMMIT,
            new Map([
              ['data/rows.jsonl', ROWS],
              ['README.md', Buffer.from('x')],
            ]),
          ],
        ]),
        refs: new Map([['main', COMMIT]]),
      };
      return startHubServer(
        new Map([
          ['org/name', model],
          ['datasets/org/rows', data],
        ]),
      );
    },
    model: 'hf://org/name',
    file: 'hf://datasets/org/rows/data/rows.jsonl',
    env: ({ url }) => ({ HF_ENDPOINT: url }),
    forWeights: ({ url }) => url.startsWith('/cdn/') && url.includes('model.safetensors'),
    forRows: ({ url }) => url.startsWith('/cdn/') && url.includes('rows.jsonl'),
  },
  {
    name: 's3://',
    start: async () => {
      store = await startS3Server(KEYS);
      for (const [name, content] of FILES) store.objects.set(`bucket/models/name/${name}`, content);
      store.objects.set('bucket/models/name-2/config.json', Buffer.from('another'));
      store.objects.set('bucket/data/rows.jsonl', ROWS);
      return store.server;
    },
    model: 's3://bucket/models/name',
    file: 's3://bucket/data/rows.jsonl',
    env: ({ url }) => ({
      AWS_ENDPOINT_URL: url,
      AWS_ACCESS_KEY_ID: KEYS.id,
      AWS_SECRET_ACCESS_KEY: KEYS.secret,
    }),
    forWeights: ({ url }) => url.endsWith('/model.safetensors'),
    forRows: ({ url }) => url.endsWith('/rows.jsonl'),
  },
  {
    name: 'https://',
    start: () =>
      startWebServer(
        new Map([
          ...[...FILES].map(([name, content]) => [`models/name/${name}`, content] as const),
          ['data/rows.jsonl', ROWS],
        ]),
      ),
    model: 'https://files.test/models/name',
    file: 'https://files.test/data/rows.jsonl',
    env: () => ({}),
    web: ({ url }) => over(url),
    forWeights: (request) => request.url.endsWith('/model.safetensors') && whole(request),
    forRows: (request) => request.url.endsWith('/rows.jsonl') && whole(request),
  },
];

/** https://files.test is the server on this machine. */
function over(url: string): FetchContext['web'] {
  const web = createWebClient({ silenceMs: 300 });
  return (address, init) => web(address.replace('https://files.test', url), init);
}

const wanted = (uri: string, purpose: Wanted['purpose'], more: Partial<Wanted> = {}): Wanted => ({
  uri,
  purpose,
  revision: '',
  secret: '',
  field: purpose === 'model' ? 'model.source' : 'dataset.sources[0].uri',
  ...more,
});
const namesIn = (uri: string) => readdirSync(fileURLToPath(uri)).sort();
const contentOf = (uri: string, name: string) => readFileSync(join(fileURLToPath(uri), name));

describe.each(SCHEMES)('$name', (scheme) => {
  let server: FaultServer;
  let context: TestContext;
  beforeAll(async () => {
    server = await scheme.start();
  });
  afterAll(() => server.close());
  beforeEach(() => {
    server.seen.length = 0;
    context = testContext(scheme.env(server), scheme.web?.(server));
  });
  const model = () => fetchSource(wanted(scheme.model, 'model'), context);
  const rows = () => fetchSource(wanted(scheme.file, 'data'), context);

  it('fetches what a model needs and nothing else, once', async () => {
    const first = await model();
    expect(namesIn(first.uri)).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);
    expect(contentOf(first.uri, 'model.safetensors').equals(WEIGHTS)).toBe(true);
    expect(server.seen.some(({ url }) => /(pytorch|custom)[^?]*$/.test(url.split('?', 1)[0] ?? ''))).toBe(
      false,
    );
    const requests = server.seen.filter(scheme.forWeights).length;
    expect(await model()).toEqual(first);
    expect(server.seen.filter(scheme.forWeights)).toHaveLength(requests);
  });

  it('goes on where the connection was cut', async () => {
    server.fail(scheme.forWeights, { kind: 'cut', after: 200_000 });
    const { uri } = await model();
    expect(contentOf(uri, 'model.safetensors').equals(WEIGHTS)).toBe(true);
    const last = server.seen.filter(scheme.forWeights).at(-1);
    expect(Number(/bytes=(\d+)-/.exec(last?.headers.range ?? '')?.[1])).toBeGreaterThan(0);
  });

  it('gives up a server that falls silent, and asks again', async () => {
    server.fail(scheme.forRows, { kind: 'stall', after: 100 });
    expect(contentOf((await rows()).uri, 'rows.jsonl').equals(ROWS)).toBe(true);
  });

  it('comes back after 503 and 429', async () => {
    for (const status of [503, 429]) server.fail(scheme.forRows, { kind: 'status', status });
    expect(contentOf((await rows()).uri, 'rows.jsonl').equals(ROWS)).toBe(true);
    expect(context.messages.join()).toContain('the server answers 429; trying again');
  });

  it('gives up after too many failures, and the next try goes on from there', async () => {
    server.fail(scheme.forRows, { kind: 'cut', after: 500_000 });
    for (let i = 0; i < 4; i++) server.fail(scheme.forRows, { kind: 'status', status: 503 });
    await expect(rows()).rejects.toThrow(TransferError);
    server.seen.length = 0;
    expect(contentOf((await rows()).uri, 'rows.jsonl').equals(ROWS)).toBe(true);
    expect(server.seen.find(scheme.forRows)?.headers.range).toMatch(/^bytes=[1-9]/);
  });

  it('is asked once by processes that want the same at the same time', async () => {
    const others = Array.from({ length: 3 }, () =>
      fetchSource(wanted(scheme.model, 'model'), { ...context, cache: twin(context) }),
    );
    const uris = await Promise.all([model(), ...others]);
    expect(new Set(uris.map(({ uri }) => uri)).size).toBe(1);
    expect(
      server.seen.filter(scheme.forWeights).filter(({ headers }) => headers.range === undefined).length,
    ).toBe(1);
  });

  it('says what is not there, and where', async () => {
    const missing = wanted(scheme.model.replace('name', 'absent'), 'model');
    await expect(fetchSource(missing, context)).rejects.toThrow(UserError);
    await expect(fetchSource(missing, context)).rejects.toThrow(/^model\.source: .*absent/);
  });
});

/** Another process's view of the same folder. */
function twin({ folder }: TestContext) {
  return new (
    Object.getPrototypeOf(testContext().cache).constructor as new (root: string) => FetchContext['cache']
  )(join(folder, 'cache'));
}

describe('digests', () => {
  it('of the hub are checked: a damaged file is fetched again, a damaged copy refused', async () => {
    const hub = SCHEMES[0]!;
    const server = await hub.start();
    const context = testContext(hub.env(server));
    server.fail(hub.forWeights, { kind: 'damage' });
    const { uri } = await fetchSource(wanted(hub.model, 'model'), context);
    expect(contentOf(uri, 'model.safetensors').equals(WEIGHTS)).toBe(true);
    const other = testContext(hub.env(server));
    for (let i = 0; i < 2; i++) server.fail(hub.forRows, { kind: 'damage' });
    await expect(fetchSource(wanted(hub.file, 'data'), other)).rejects.toThrow(/copy is damaged/);
    await server.close();
  });

  it('that the author names decide', async () => {
    const server = await startWebServer(new Map([['rows.jsonl', ROWS]]));
    const context = testContext({}, over(server.url));
    const sha256 = createHash('sha256').update(ROWS).digest('hex');
    const at = (digest: string) => wanted(`https://files.test/rows.jsonl#sha256=${digest}`, 'data');
    expect((await fetchSource(at(sha256), context)).version).toHaveLength(40);
    await expect(fetchSource(at('0'.repeat(64)), context)).rejects.toThrow(
      /correct the address or its #sha256/,
    );
    await expect(fetchSource(at('12'), context)).rejects.toThrow(/64 hexadecimal digits/);
    await server.close();
  });
});

describe('credentials', () => {
  it('of the hub come from the Secret, go to the hub alone, and are asked for in a sentence', async () => {
    const token = 'hf_hidden_token';
    const repository: HubRepository = {
      commits: new Map([[COMMIT, FILES]]),
      refs: new Map([['main', COMMIT]]),
      token,
    };
    const server = await startHubServer(new Map([['org/name', repository]]));
    const context = testContext({ HF_ENDPOINT: server.url });
    const secrets = join(context.folder, 'secrets');
    mkdirSync(join(secrets, 'hub'), { recursive: true });
    writeFileSync(join(secrets, 'hub', 'HF_TOKEN'), `${token}\n`);
    context.env['TUNEYARD_SECRETS'] = secrets;
    await expect(fetchSource(wanted('hf://org/name', 'model'), context)).rejects.toThrow(
      /model\.source: hf:\/\/org\/name: the server asks for credentials \(401\): name a Secret with HF_TOKEN/,
    );
    await fetchSource(wanted('hf://org/name', 'model', { secret: 'hub' }), context);
    const elsewhere = server.seen.filter(({ url }) => url.startsWith('/cdn/'));
    expect(elsewhere.length).toBeGreaterThan(0);
    expect(elsewhere.every(({ headers }) => headers.authorization === undefined)).toBe(true);
    expect(context.messages.join()).not.toContain('hidden');
    await server.close();
  });

  it('of an object store that are wrong are told as such, without showing them', async () => {
    const s3 = SCHEMES[1]!;
    const server = await s3.start();
    const context = testContext({ ...s3.env(server), AWS_SECRET_ACCESS_KEY: 'wrong-secret' });
    const failure = await fetchSource(wanted(s3.model, 'model'), context).catch(
      (error: Error) => error.message,
    );
    expect(failure).toMatch(/access is not granted \(403\): .*AWS_SECRET_ACCESS_KEY/);
    expect(failure).not.toContain('wrong-secret');
    await server.close();
  });

  it('of a web server do not belong into the address', async () => {
    const failure = fetchSource(wanted('https://me:hush@files.test/rows.jsonl', 'data'), testContext());
    await expect(failure).rejects.toThrow(/must not hold a password/);
    await expect(failure).rejects.not.toThrow(/hush/);
  });
});

describe('hub addresses', () => {
  it('pin a commit at the first look, and patterns choose files', async () => {
    const next = 'b'.repeat(40);
    const files = new Map([
      ['data/train-0.jsonl', ROWS],
      ['data/train-1.jsonl', ROWS],
      ['data/test-0.jsonl', ROWS],
    ]);
    const repository: HubRepository = {
      commits: new Map([
        [COMMIT, files],
        [next, new Map([['data/train-9.jsonl', ROWS]])],
      ]),
      refs: new Map([['main', COMMIT]]),
    };
    const server = await startHubServer(new Map([['datasets/org/rows', repository]]));
    const context = testContext({ HF_ENDPOINT: server.url });
    const fetched = await fetchSource(wanted('hf://datasets/org/rows/data/train-*.jsonl', 'data'), context);
    expect(fetched.version).toBe(COMMIT);
    expect(namesIn(fetched.uri)).toEqual(['train-0.jsonl', 'train-1.jsonl']);
    repository.refs.set('main', next);
    const newer = await fetchSource(wanted('hf://datasets/org/rows/data', 'data'), context);
    expect(namesIn(newer.uri)).toEqual(['train-9.jsonl']);
    server.seen.length = 0;
    const pinned = await fetchSource(
      wanted(`hf://datasets/org/rows@${COMMIT}/data/train-*.jsonl`, 'data'),
      context,
    );
    expect(pinned.uri).toBe(fetched.uri);
    // A commit that is on this machine needs no network at all.
    expect(server.seen).toEqual([]);
    await server.close();
  });
});

describe('local addresses', () => {
  it('are used where they are', async () => {
    const context = testContext({ TUNEYARD_CLAIMS: '/mnt/claims' });
    expect((await fetchSource(wanted('pvc://models/qwen', 'model'), context)).uri).toBe(
      'file:///mnt/claims/models/qwen',
    );
    expect((await fetchSource(wanted('file:///data/x.jsonl', 'data'), context)).uri).toBe(
      'file:///data/x.jsonl',
    );
    await expect(fetchSource(wanted('pvc://models/../../etc', 'model'), context)).rejects.toThrow(UserError);
    await expect(fetchSource(wanted('ftp://host/x', 'model'), context)).rejects.toThrow(/use file:\/\//);
  });
});
