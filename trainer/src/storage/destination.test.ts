import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { UserError } from '../errors.js';
import { credentialsOf } from './credentials.js';
import { below, type Destination } from './destination.js';
import { LocalDestination } from './destinations/local-destination.js';
import { S3Destination } from './destinations/s3-destination.js';
import { createWebClient } from './http/web-client.js';
import { openDestination } from './open-destination.js';
import { startS3Server, type S3Store } from './testing/s3-server.js';

const KEYS = { id: 'KEY', secret: 'very-secret' };
const PART = 100_000;
const LARGE = randomBytes(350_000);
let store: S3Store;
beforeAll(async () => {
  store = await startS3Server(KEYS);
});
afterAll(() => store.server.close());

function s3(): { destination: Destination; root: string } {
  const env = {
    AWS_ENDPOINT_URL: store.server.url,
    AWS_ACCESS_KEY_ID: KEYS.id,
    AWS_SECRET_ACCESS_KEY: KEYS.secret,
  };
  const retry = { attempts: 3, firstMs: 1, longestMs: 2 };
  const context = { env, retry, web: createWebClient() };
  store.objects.clear();
  return {
    destination: new S3Destination(context, credentialsOf('', env), { partBytes: PART }),
    root: 's3://bucket/results',
  };
}

function local(scheme: 'file' | 'pvc'): { destination: Destination; root: string } {
  const folder = mkdtempSync(join(tmpdir(), 'tuneyard-destination-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return {
    destination: new LocalDestination({ TUNEYARD_CLAIMS: folder }),
    root: scheme === 'file' ? pathToFileURL(join(folder, 'deep')).href : 'pvc://claim/deep',
  };
}

const fill =
  (files: Readonly<Record<string, string | Buffer>>) =>
  (folder: string): Promise<void> => {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    return Promise.resolve();
  };
const readAll = (destination: Destination, uri: string) =>
  destination.read(uri, (folder) =>
    Promise.resolve(
      Object.fromEntries(
        readdirSync(folder)
          .filter((name) => name !== 'manifest.json')
          .map((name) => [name, readFileSync(join(folder, name)).toString('latin1')]),
      ),
    ),
  );

describe.each([
  ['file://', () => local('file')],
  ['pvc://', () => local('pvc')],
  ['s3://', s3],
])('%s', (_, open) => {
  it('gives back what was published, with its digest', async () => {
    const { destination, root } = open();
    const uri = below(root, 'adapter');
    const one = await destination.publish(uri, fill({ 'a.txt': 'one', 'large.bin': LARGE }));
    expect(one).toMatchObject({
      bytes: LARGE.length + 3,
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    });
    expect(await readAll(destination, uri)).toEqual({
      'a.txt': 'one',
      'large.bin': LARGE.toString('latin1'),
    });
    expect(
      (await destination.publish(below(root, 'b'), fill({ 'a.txt': 'one', 'large.bin': LARGE }))).digest,
    ).toBe(one.digest);
    expect(await destination.list(root)).toEqual(['adapter', 'b']);
  });

  it('replaces all of an earlier result', async () => {
    const { destination, root } = open();
    await destination.publish(root, fill({ old: 'x', same: 'y' }));
    await destination.publish(root, fill({ same: 'z' }));
    expect(await readAll(destination, root)).toEqual({ same: 'z' });
  });

  it('keeps the old result when the new one cannot be made', async () => {
    const { destination, root } = open();
    await destination.publish(root, fill({ a: 'one' }));
    await expect(destination.publish(root, () => Promise.reject(new Error('no room')))).rejects.toThrow(
      'no room',
    );
    expect(await readAll(destination, root)).toEqual({ a: 'one' });
  });

  it('names folders whose own folders are complete', async () => {
    const { destination, root } = open();
    await destination.publish(below(below(root, 'run'), 'step-1'), fill({ a: 'one' }));
    expect(await destination.list(root)).toEqual([]);
    expect(await destination.folders(root)).toEqual(['run']);
  });

  it('forgets what is removed, and finds nothing where nothing is', async () => {
    const { destination, root } = open();
    const uri = below(root, 'step-1');
    await destination.publish(uri, fill({ a: 'one' }));
    await destination.remove(uri);
    expect(await destination.list(root)).toEqual([]);
    await expect(destination.read(uri, () => Promise.resolve())).rejects.toThrow(UserError);
  });
});

describe('an object store', () => {
  it('shows a complete folder or none at every moment of a replacement', async () => {
    const { destination, root } = s3();
    await destination.publish(root, fill({ 'adapter_config.json': '{}', 'weights.bin': LARGE }));
    const { objects, server } = store;
    const complete: boolean[] = [];
    const put = objects.set.bind(objects);
    // After every write: with a manifest, everything that it names is there.
    objects.set = (key, content) => {
      put(key, content);
      const manifest = objects.get('bucket/results/manifest.json');
      if (manifest === undefined) return objects;
      const { files } = JSON.parse(manifest.toString()) as { files: { name: string; bytes: number }[] };
      complete.push(
        files.every(({ name, bytes }) => objects.get(`bucket/results/${name}`)?.length === bytes),
      );
      return objects;
    };
    onTestFinished(() => void Reflect.deleteProperty(objects, 'set'));
    server.seen.length = 0;
    await destination.publish(
      root,
      fill({ 'adapter_config.json': '{"r":1}', 'weights.bin': LARGE.subarray(1) }),
    );
    expect(complete).toEqual([true]);
    const written = server.seen
      .filter(({ method, url }) => method === 'DELETE' || (method === 'PUT' && !url.includes('partNumber')))
      .map(({ url }) => new URL(url, 'http://x').pathname);
    expect(written[0]).toMatch(/manifest\.json$/);
    expect(written.at(-1)).toMatch(/manifest\.json$/);
    expect(written.at(-2)).toMatch(/adapter_config\.json$/);
  });

  it('sends large files in parts, again after failures, and leaves nothing half done', async () => {
    const { destination, root } = s3();
    const part = ({ url }: { url: string }) => url.includes('partNumber=2');
    store.server.seen.length = 0;
    store.server.fail(part, { kind: 'status', status: 503 });
    await destination.publish(root, fill({ 'large.bin': LARGE }));
    expect(store.objects.get('bucket/results/large.bin')?.equals(LARGE)).toBe(true);
    expect(store.server.seen.filter(part)).toHaveLength(2);
    for (let i = 0; i < 3; i++) store.server.fail(part, { kind: 'status', status: 500 });
    await expect(destination.publish(root, fill({ 'large.bin': LARGE }))).rejects.toThrow(/gave up after 3/);
    expect(store.uploads.size).toBe(0);
    expect(await destination.list('s3://bucket')).toEqual([]);
  });

  it('ends what a writer that died left begun', async () => {
    const { destination, root } = s3();
    store.uploads.set('left-behind', 'bucket/results/large.bin');
    store.uploads.set('of-another', 'bucket/results/large.bin.2');
    await destination.publish(root, fill({ 'large.bin': LARGE }));
    expect([...store.uploads.keys()]).toEqual(['of-another']);
    store.uploads.clear();
  });

  it('notices bytes that changed', async () => {
    const { destination, root } = s3();
    await destination.publish(root, fill({ a: 'one' }));
    store.objects.set('bucket/results/a', Buffer.from('onf'));
    await expect(readAll(destination, root)).rejects.toThrow(/digest/);
  });
});

it('refuses to write to what can only be read', () => {
  const context = { env: {}, retry: { attempts: 1, firstMs: 1, longestMs: 1 }, web: createWebClient() };
  const open = () => openDestination({ uri: 'hf://org/name', secret: '', field: 'output.uri' }, context);
  expect(open).toThrow(/^output\.uri: "hf:\/\/org\/name" cannot be written to/);
});
