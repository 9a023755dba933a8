import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../kube-object.js';
import { DiskJournal } from './disk-journal.js';
import { Store } from './store.js';

const object = (name: string, value: number): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name,
    namespace: 'default',
    uid: `uid-${name}`,
    resourceVersion: '',
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
  data: { value: String(value) },
});

const state = (objects: readonly KubeObject[]): string =>
  JSON.stringify(objects.map((item) => [item.metadata.name, item.metadata.resourceVersion, item['data']]));

type Step = { kind: 'put'; name: string; value: number } | { kind: 'remove'; name: string };

const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('put' as const), name: fc.constantFrom('a', 'b', 'c'), value: fc.nat(9) }),
    fc.record({ kind: fc.constant('remove' as const), name: fc.constantFrom('a', 'b', 'c') }),
  ),
  { maxLength: 30 },
);

function run(store: Store, step: Step): void {
  if (step.kind === 'put') store.put('/configmaps', object(step.name, step.value));
  else store.remove('/configmaps', 'default', step.name);
}

describe('Store', () => {
  it('shows every remembered revision as it was', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const store = new Store();
        const bucket = store.bucket('/configmaps');
        const seen = new Map<number, string>();
        for (const step of all) {
          run(store, step);
          seen.set(store.revision, state(bucket.list('default')));
        }
        for (const [revision, wanted] of seen)
          expect(state(bucket.listAt('default', revision) ?? [])).toBe(wanted);
      }),
    );
  });

  it('forgets what is compacted', () => {
    const store = new Store();
    store.put('/configmaps', object('a', 1));
    const old = store.revision;
    store.put('/configmaps', object('a', 2));
    store.compact();
    const { log } = store.bucket('/configmaps');
    expect(log.since(old)).toBeUndefined();
    expect(log.since(store.revision)).toEqual([]);
  });

  it('keeps a bounded history', () => {
    const store = new Store({ historyLength: 10 });
    for (let round = 0; round < 100; round += 1) store.put('/configmaps', object('a', round));
    const { log } = store.bucket('/configmaps');
    expect(log.since(store.revision - 5)).toHaveLength(5);
    expect(log.since(10)).toBeUndefined();
  });
});

describe('DiskJournal', () => {
  const folders: string[] = [];
  const folder = (): string => {
    const made = mkdtempSync(path.join(tmpdir(), 'tuneyard-journal-'));
    folders.push(made);
    return made;
  };
  afterEach(() => {
    for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
  });

  async function reopened(place: string): Promise<Store> {
    const store = new Store();
    await (await DiskJournal.open(place, store, () => undefined)).close();
    return store;
  }

  it('brings back what was confirmed, with its revisions', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const place = folder();
        const store = new Store();
        const journal = await DiskJournal.open(place, store);
        for (const step of all) run(store, step);
        await journal.close();
        const again = await reopened(place);
        expect(state(again.bucket('/configmaps').list('default'))).toBe(
          state(store.bucket('/configmaps').list('default')),
        );
        // Not the same: a watch may have seen revisions that never reached the disk.
        expect(again.revision).toBeGreaterThan(store.revision);
      }),
      { numRuns: 15 },
    );
  });

  it('survives a file that was cut off anywhere: some state that once was', async () => {
    const place = folder();
    const store = new Store();
    const journal = await DiskJournal.open(place, store);
    const states = new Set([state([])]);
    for (let value = 0; value < 4; value += 1) {
      run(store, { kind: 'put', name: value % 2 === 0 ? 'a' : 'b', value });
      states.add(state(store.bucket('/configmaps').list('default')));
    }
    await journal.close();
    const file = path.join(
      place,
      readdirSync(place).find((name) => name.endsWith('.ndjson'))!,
    );
    const whole = readFileSync(file);
    for (let length = 0; length <= whole.length; length += 7) {
      const cut = folder();
      writeFileSync(path.join(cut, path.basename(file)), whole.subarray(0, length));
      const again = await reopened(cut);
      expect(states).toContain(state(again.bucket('/configmaps').list('default')));
    }
  });

  it('names the line that is damaged', async () => {
    const place = folder();
    writeFileSync(path.join(place, 'objects-1.ndjson'), '{"r":1,"b":""}\n{"r":2,oops\n{"r":3,"b":""}\n');
    await expect(DiskJournal.open(place, new Store())).rejects.toThrow(/objects-1\.ndjson:2 is damaged/);
  });
});
