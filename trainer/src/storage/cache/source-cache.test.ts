import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ResourceError } from '../../errors.js';
import type { FaultServer, SeenRequest } from '../testing/fault-server.js';
import { startHubServer } from '../testing/hub-server.js';
import { SourceCache } from './source-cache.js';

const MIB = 2 ** 20;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tuneyard-cache-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('eviction', () => {
  const key = (digit: number) => String(digit).repeat(32);
  /** A disk of 1024 MiB on which each folder of the cache takes 200. */
  const disk = () =>
    new SourceCache(folder, () =>
      Promise.resolve(
        1024 * MIB - 200 * MIB * [1, 2, 3, 4, 5].filter((n) => existsSync(join(folder, key(n)))).length,
      ),
    );
  const open = () => {
    const cache = disk();
    onTestFinished(() => cache.close());
    return cache;
  };
  const get = (cache: SourceCache, digit: number, mebibytes = 200) =>
    cache.get({
      key: key(digit),
      bytes: () => Promise.resolve(mebibytes * MIB),
      fill: (draft) => Promise.resolve(writeFileSync(join(draft, 'content'), String(digit))),
      waiting: () => undefined,
    });
  const present = () => [1, 2, 3, 4, 5].filter((digit) => existsSync(join(folder, key(digit))));
  /** As if it had been used so many hours ago. */
  const age = (digit: number, hours: number) => {
    const then = Date.now() / 1000 - hours * 3600;
    utimesSync(join(folder, key(digit)), then, then);
  };
  /** Put there by a process that has ended. */
  const leave = async (digit: number, hours: number) => {
    const cache = disk();
    await get(cache, digit);
    await cache.close();
    age(digit, hours);
  };

  it('takes what was unused for longest, and no more than is needed', async () => {
    await leave(1, 3);
    await leave(2, 5);
    // 512 MiB stay free, so a third fits when one of the two is gone.
    await get(open(), 3);
    expect(present()).toEqual([1, 3]);
  });

  it('takes nothing that is in use, by this process or another view of the folder', async () => {
    await leave(1, 1);
    const user = open();
    await get(user, 1);
    age(1, 9);
    await leave(2, 3);
    await get(open(), 3);
    expect(present()).toEqual([1, 3]);
    // With both in use there is no room, and the error says what to do.
    await expect(get(open(), 4)).rejects.toThrow(ResourceError);
    await expect(get(open(), 4)).rejects.toThrow(
      /give it a larger disk, or name another folder in TUNEYARD_CACHE/,
    );
    expect(present()).toEqual([1, 3]);
    await user.close();
    await get(open(), 4);
    expect(present()).toEqual([3, 4]);
  });

  it('counts what an interrupted download has on the disk already', async () => {
    mkdirSync(join(folder, 'partial', key(1)), { recursive: true });
    writeFileSync(join(folder, 'partial', key(1), 'content'), Buffer.alloc(2 * MIB));
    // 512 of 1024 MiB may be taken: 513 with 2 there already.
    await get(open(), 1, 513);
    expect(present()).toEqual([1]);
  });
});

describe('processes of one machine', () => {
  const COMMIT = 'a'.repeat(40);
  const WEIGHTS = randomBytes(600_000);
  const forWeights = ({ url }: SeenRequest) => url.startsWith('/cdn/') && url.includes('model.safetensors');
  const PROGRAM = fileURLToPath(new URL('../../../dist/storage/testing/fetch-process.js', import.meta.url));

  let server: FaultServer;
  beforeEach(async () => {
    const files = new Map([
      ['config.json', Buffer.from('{}')],
      ['tokenizer.json', Buffer.from('{}')],
      ['model.safetensors', WEIGHTS],
    ]);
    const repository = { commits: new Map([[COMMIT, files]]), refs: new Map([['main', COMMIT]]) };
    server = await startHubServer(new Map([['org/name', repository]]));
  });
  afterEach(() => server.close());

  class Fetching {
    output = '';
    messages = '';
    private constructor(readonly child: ChildProcessByStdio<Writable, Readable, Readable>) {
      child.stdout.on('data', (part: Buffer) => (this.output += part.toString()));
      child.stderr.on('data', (part: Buffer) => (this.messages += part.toString()));
    }

    static start(): Fetching {
      const env = { ...process.env, HF_ENDPOINT: server.url, TUNEYARD_CACHE: folder };
      const child = spawn(process.execPath, [PROGRAM, 'hf://org/name'], {
        env,
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      const fetching = new Fetching(child);
      onTestFinished(() => void child.kill('SIGKILL'));
      return fetching;
    }

    /** The weights that it found in the end. */
    async weights(): Promise<Buffer> {
      await vi.waitFor(() => expect(this.output, this.messages).toContain('\n'), { timeout: 30_000 });
      return readFileSync(join(fileURLToPath(this.output.trim()), 'model.safetensors'));
    }

    async kill(): Promise<void> {
      this.child.kill('SIGKILL');
      await once(this.child, 'exit');
    }
  }

  const partial = () => join(folder, 'sources', 'partial');
  const filesBelow = (root: string) =>
    existsSync(root)
      ? readdirSync(root, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name))
      : [];
  const largestBelow = (root: string) => Math.max(0, ...filesBelow(root).map((file) => statSync(file).size));

  it('ask once for what they want at the same time, and share it', async () => {
    const both = [Fetching.start(), Fetching.start(), Fetching.start()];
    for (const fetching of both) expect((await fetching.weights()).equals(WEIGHTS)).toBe(true);
    expect(new Set(both.map(({ output }) => output)).size).toBe(1);
    expect(server.seen.filter(forWeights)).toHaveLength(1);
  }, 60_000);

  it('go on where one was killed in the middle, and check what it left', async () => {
    server.fail(forWeights, { kind: 'stall', after: 400_000 });
    const first = Fetching.start();
    await vi.waitFor(() => expect(largestBelow(partial())).toBeGreaterThan(100_000), { timeout: 30_000 });
    expect(server.seen.filter(forWeights)).toHaveLength(1);
    // Another that waits for it takes over.
    const second = Fetching.start();
    await vi.waitFor(() => expect(second.messages).toContain('another process'), { timeout: 30_000 });
    await first.kill();
    expect((await second.weights()).equals(WEIGHTS)).toBe(true);
    const range = server.seen.filter(forWeights).at(-1)?.headers.range ?? '';
    expect(Number(/^bytes=(\d+)-/.exec(range)?.[1])).toBeGreaterThan(100_000);
  }, 90_000);

  it('do not trust what a killed one left: damaged bytes fail the digest and are fetched anew', async () => {
    server.fail(forWeights, { kind: 'stall', after: 400_000 });
    const first = Fetching.start();
    await vi.waitFor(() => expect(largestBelow(partial())).toBeGreaterThan(100_000), { timeout: 30_000 });
    await first.kill();
    for (const path of filesBelow(partial()).filter((file) => statSync(file).size > 100_000)) {
      const left = readFileSync(path);
      left[50_000] = (left[50_000] ?? 0) ^ 1;
      writeFileSync(path, left);
    }
    expect((await Fetching.start().weights()).equals(WEIGHTS)).toBe(true);
  }, 90_000);
});
