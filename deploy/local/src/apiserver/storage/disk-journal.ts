import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, UserError } from '../../errors.js';
import type { KubeObject } from '../kube-object.js';
import type { StoreEvent } from './event-log.js';
import { jsonOf } from './serialized.js';
import type { Journal, Store } from './store.js';

/** The file is written anew when it is longer than this, in bytes, and mostly history. */
const rewriteBytes = 64 * 1024 * 1024;

/**
 * Revisions left out after a restart: a watch may have seen writes that were not yet on disk when the machine died, and
 * must not meet their revisions again with other content.
 */
const revisionGap = 1000;

interface Line {
  /** Revision. */
  r: number;
  /** Bucket. */
  b: string;
  /** New state; left out for a deletion. */
  o?: KubeObject;
  /** Namespace and name of what was deleted. */
  d?: [string, string];
}

const fileName = (generation: number): string => `objects-${generation}.ndjson`;
const generationOf = (name: string): number => Number(/^objects-(\d+)\.ndjson$/.exec(name)?.[1] ?? -1);

/**
 * Keeps the store's objects in a folder. One file holds one JSON line per change; a write is answered when its line is
 * on disk, and writes that come together share one sync. A torn last line (the machine died) is dropped: its writer
 * never got an answer. Rewriting goes to a new file, which replaces the old one only when it is complete.
 */
export class DiskJournal implements Journal {
  private pending: string[] = [];
  private flushing: Promise<void> | undefined;
  private size = 0;
  private failure: Error | undefined;

  private constructor(
    private readonly folder: string,
    private readonly store: Store,
    private file: FileHandle,
    private generation: number,
  ) {}

  /** Reads the folder into the store (which must be empty) and goes on writing there. Throws UserError. */
  static async open(
    folder: string,
    store: Store,
    /** Told about a torn last line. */
    warn: (message: string) => void = console.error,
  ): Promise<DiskJournal> {
    const generations = readdirSync(folder).map(generationOf);
    const generation = Math.max(0, ...generations);
    const file = path.join(folder, fileName(generation));
    if (existsSync(file)) load(file, store, warn);
    // Starting with a fresh file also cuts off a torn line.
    const next = generation + 1;
    writeSnapshot(folder, next, store);
    for (const old of readdirSync(folder))
      if (generationOf(old) >= 0 && generationOf(old) < next) rmSync(path.join(folder, old));
    const journal = new DiskJournal(folder, store, await open(path.join(folder, fileName(next)), 'a'), next);
    store.journal = journal;
    return journal;
  }

  record(event: StoreEvent): void {
    const bucket = JSON.stringify(event.bucket);
    const { metadata } = event.object;
    const change =
      event.type === 'DELETED'
        ? `"d":${JSON.stringify([metadata.namespace ?? '', metadata.name])}`
        : `"o":${jsonOf(event.object)}`;
    this.pending.push(`{"r":${event.revision},"b":${bucket},${change}}\n`);
    this.flushing ??= this.flush();
  }

  async durable(): Promise<void> {
    while (this.flushing) await this.flushing;
    if (this.failure) throw this.failure;
  }

  async close(): Promise<void> {
    await this.durable();
    await this.file.close();
  }

  private async flush(): Promise<void> {
    // The first line waits one turn, so that the writes of this turn go together.
    await Promise.resolve();
    try {
      while (this.pending.length > 0) {
        const bytes = Buffer.from(this.pending.join(''), 'utf8');
        this.pending = [];
        await this.file.appendFile(bytes);
        await this.file.datasync();
        this.size += bytes.length;
        if (this.size > rewriteBytes) await this.rewrite();
      }
    } catch (error) {
      this.failure = new Error(`the data folder ${this.folder} cannot be written: ${messageOf(error)}`);
    } finally {
      this.flushing = undefined;
    }
  }

  private async rewrite(): Promise<void> {
    const old = this.generation;
    this.generation += 1;
    this.pending = [];
    writeSnapshot(this.folder, this.generation, this.store);
    await this.file.close();
    this.file = await open(path.join(this.folder, fileName(this.generation)), 'a');
    this.size = 0;
    rmSync(path.join(this.folder, fileName(old)), { force: true });
  }
}

/** Writes the whole store to a file that appears only when it is complete and on disk. */
function writeSnapshot(folder: string, generation: number, store: Store): void {
  const target = path.join(folder, fileName(generation));
  const handle = openSync(`${target}.new`, 'w', 0o600);
  try {
    writeSync(handle, `{"r":${store.revision},"b":""}\n`);
    for (const bucket of store.bucketKeys()) {
      for (const object of store.bucket(bucket).list(undefined)) {
        writeSync(
          handle,
          `{"r":${object.metadata.resourceVersion},"b":${JSON.stringify(bucket)},"o":${jsonOf(object)}}\n`,
        );
      }
    }
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(`${target}.new`, target);
  const parent = openSync(folder, 'r');
  fsyncSync(parent);
  closeSync(parent);
}

function load(file: string, store: Store, warn: (message: string) => void): void {
  const objects = new Map<string, Map<string, KubeObject>>();
  let revision = 0;
  const lines = readFileSync(file, 'utf8').split('\n');
  const torn = lines.pop() ?? '';
  if (torn) warn(`${file}: the last line is incomplete and is left out; its write was never confirmed.`);
  for (const [index, text] of lines.entries()) {
    const line = readLine(text, `${file}:${index + 1}`);
    revision = Math.max(revision, line.r);
    let bucket = objects.get(line.b);
    if (!bucket) objects.set(line.b, (bucket = new Map<string, KubeObject>()));
    if (line.o) bucket.set(`${line.o.metadata.namespace ?? ''}/${line.o.metadata.name}`, line.o);
    else if (line.d) bucket.delete(line.d.join('/'));
  }
  for (const [bucket, members] of objects)
    for (const object of members.values()) store.restore(bucket, object);
  store.resumeAt(revision + revisionGap);
}

function readLine(text: string, place: string): Line {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(
      `${place} is damaged (${messageOf(error)}); restore the data folder from a copy or start with an empty one.`,
    );
  }
}
