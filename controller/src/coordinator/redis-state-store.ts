import { CheckpointDone, Finished, Progress, ResumedFrom } from '@tuneyard/proto';
import type { Cluster, Redis } from 'ioredis';

import { connectRedis, parseRedisAddress } from './redis-connection.js';
import type { StateStore, StoredJob, StoredMembership, StoredTraining } from './state-store.js';

/** Redis forgets a job that nobody has touched for so long. */
const RETENTION_SECONDS = 30 * 24 * 3600;

/** KEYS[1] job, ARGV generation, membership, retention. The generation is the fencing token. */
const ADVANCE = `
local stored = tonumber(redis.call('HGET', KEYS[1], 'generation') or '0')
if tonumber(ARGV[1]) <= stored then return 0 end
redis.call('HSET', KEYS[1], 'generation', ARGV[1], 'membership', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1`;

/** KEYS[1] job, ARGV generation, retention, then field, value, ... */
const RECORD = `
local stored = tonumber(redis.call('HGET', KEYS[1], 'generation') or '0')
if tonumber(ARGV[1]) < stored then return 0 end
for at = 3, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1]) end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1`;

export interface RedisStateStoreOptions {
  /** As {@link parseRedisAddress} reads it: a server, sentinels or a cluster. */
  readonly url: string;
  /** Put before every key; default `tuneyard:job:`. */
  readonly keyPrefix?: string;
  /** A command that takes longer fails; default 2000 ms. */
  readonly commandTimeoutMs?: number;
  /** Told of lost connections; the client reconnects by itself. */
  readonly onTrouble?: (error: Error) => void;
}

/** One hash a job, changed by scripts, so that a replaced coordinator can never overwrite its successor. */
export class RedisStateStore implements StateStore {
  readonly #redis: Redis | Cluster;
  readonly #timeoutMs: number;
  readonly #prefix: string;

  constructor(options: RedisStateStoreOptions) {
    this.#prefix = options.keyPrefix ?? 'tuneyard:job:';
    this.#timeoutMs = options.commandTimeoutMs ?? 2000;
    this.#redis = connectRedis(parseRedisAddress(options.url), this.#timeoutMs);
    this.#redis.on('error', options.onTrouble ?? (() => {}));
  }

  async load(uid: string): Promise<StoredJob | undefined> {
    const fields = await this.#inTime(this.#redis.hgetall(this.#key(uid)));
    const { membership, progress, checkpoint, finished, resumedFrom } = fields;
    if (Object.keys(fields).length === 0) return undefined;
    return {
      membership: membership === undefined ? undefined : parseMembership(membership),
      progress: progress === undefined ? undefined : Progress.fromJSON(JSON.parse(progress)),
      checkpoint: checkpoint === undefined ? undefined : CheckpointDone.fromJSON(JSON.parse(checkpoint)),
      finished: finished === undefined ? undefined : Finished.fromJSON(JSON.parse(finished)),
      resumedFrom: resumedFrom === undefined ? undefined : ResumedFrom.fromJSON(JSON.parse(resumedFrom)),
    };
  }

  async advance(uid: string, membership: StoredMembership): Promise<boolean> {
    const { generation } = membership;
    const text = JSON.stringify(membership);
    const done = await this.#inTime(
      this.#redis.eval(ADVANCE, 1, this.#key(uid), generation, text, RETENTION_SECONDS),
    );
    return done === 1;
  }

  async record(uid: string, generation: number, training: StoredTraining): Promise<boolean> {
    const { progress, checkpoint, finished, resumedFrom } = training;
    const fields = [
      ...(progress === undefined ? [] : ['progress', JSON.stringify(Progress.toJSON(progress))]),
      ...(checkpoint === undefined ? [] : ['checkpoint', JSON.stringify(CheckpointDone.toJSON(checkpoint))]),
      ...(finished === undefined ? [] : ['finished', JSON.stringify(Finished.toJSON(finished))]),
      ...(resumedFrom === undefined ? [] : ['resumedFrom', JSON.stringify(ResumedFrom.toJSON(resumedFrom))]),
    ];
    const done = await this.#inTime(
      this.#redis.eval(RECORD, 1, this.#key(uid), generation, RETENTION_SECONDS, ...fields),
    );
    return done === 1;
  }

  async remove(uid: string): Promise<void> {
    await this.#inTime(this.#redis.del(this.#key(uid)));
  }

  close(): Promise<void> {
    this.#redis.disconnect();
    return Promise.resolve();
  }

  /** The client's own limit counts from when a command is sent; with no server in sight none is. */
  async #inTime<T>(answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const message = `Redis did not answer in ${this.#timeoutMs} ms`;
      timer = setTimeout(() => reject(new Error(message)), this.#timeoutMs);
    });
    try {
      return await Promise.race([answer, late]);
    } catch (error) {
      // The answer names a slot and a server, which help nobody.
      if (error instanceof Error && /^(MOVED|CROSSSLOT|ASK) /.test(error.message))
        throw new Error('Redis is a cluster: its address must begin with redis+cluster://', { cause: error });
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The braces keep everything of a job on one node of a cluster. */
  #key(uid: string): string {
    return `${this.#prefix}{${uid}}`;
  }
}

function parseMembership(text: string): StoredMembership {
  const { generation, members, shares, cause }: StoredMembership = JSON.parse(text);
  return { generation, members, ...(shares === undefined ? {} : { shares }), cause };
}
