import { setTimeout as delay } from 'node:timers/promises';
import { DiscardPolicy, ErrorCode, nanos, NatsError, RetentionPolicy, StorageType } from 'nats';
import type { JetStreamManager, NatsConnection, StreamInfo } from 'nats';

/** JetStream's own code for a stream that does not exist. */
const STREAM_NOT_FOUND = 10_059;
const NO_RESPONDERS: string = ErrorCode.NoResponders;
/**
 * A server (2.9) still removes the files of a stream or a consumer after it has said that it is gone: one of the same name
 * that is made at once loses its own with them. Milliseconds.
 */
export const SETTLE_MS = 500;
/** Of one type of event of one job: what one job tells does not push out what others do. */
const MOST_OF_SUBJECT = 1000;
const DUPLICATE_WINDOW_MS = 2 * 60 * 1000;

export interface NatsStreamOptions {
  readonly name: string;
  /** First token of every subject. */
  readonly subjectPrefix: string;
  /** Oldest event kept, in milliseconds. */
  readonly maxAgeMs: number;
  /** Largest stream, in bytes; the oldest events go first. */
  readonly maxBytes: number;
  /** Told when a stream that was there before had to be made again. */
  readonly onRemade: () => void;
}

/**
 * The stream that holds the events. A server that lost its disk, a failover to an empty one, or a hand that deleted it
 * takes it away while the connection stays: whoever finds it gone asks for it with {@link ensure}.
 */
export class NatsStream {
  #making: Promise<StreamInfo> | undefined;
  #wasThere = false;

  constructor(
    private readonly connection: NatsConnection,
    private readonly options: NatsStreamOptions,
  ) {}

  get name(): string {
    return this.options.name;
  }

  manager(): Promise<JetStreamManager> {
    // The check of the account's limits fails while a server comes up; what is asked next says as much.
    return this.connection.jetstreamManager({ checkAPI: false });
  }

  /** Makes the stream when it is missing and sets its limits. Calls at the same time share one attempt. */
  ensure(): Promise<StreamInfo> {
    this.#making ??= this.#make().finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  /** Drops the oldest events on these subjects until so many are left. */
  async dropOldest(filter: string, keep: number): Promise<void> {
    const { streams } = await this.manager();
    await streams.purge(this.name, { filter, keep });
  }

  async #make(): Promise<StreamInfo> {
    const { name, subjectPrefix, maxAgeMs, maxBytes, onRemade } = this.options;
    const limits = {
      subjects: [`${subjectPrefix}.>`],
      max_age: nanos(maxAgeMs),
      max_bytes: maxBytes,
      max_msgs_per_subject: MOST_OF_SUBJECT,
      duplicate_window: nanos(DUPLICATE_WINDOW_MS),
      discard: DiscardPolicy.Old,
    };
    const { streams } = await this.manager();
    let info: StreamInfo;
    try {
      info = await streams.update(name, limits);
    } catch (error) {
      if (!isStreamMissing(error)) throw error;
      if (this.#wasThere) await delay(SETTLE_MS);
      info = await streams.add({
        name,
        storage: StorageType.File,
        retention: RetentionPolicy.Limits,
        ...limits,
      });
      if (this.#wasThere) onRemade();
    }
    this.#wasThere = true;
    return info;
  }
}

/** Whether an answer means that nothing holds the stream: no such stream, or nobody listens on its subjects. */
export function isStreamMissing(error: unknown): boolean {
  if (!(error instanceof NatsError)) return false;
  return error.api_error?.err_code === STREAM_NOT_FOUND || error.code === NO_RESPONDERS;
}
