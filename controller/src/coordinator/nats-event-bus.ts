import { createHash } from 'node:crypto';

import {
  AckPolicy,
  connect,
  DeliverPolicy,
  DiscardPolicy,
  nanos,
  RetentionPolicy,
  StorageType,
  type ConsumerConfig,
  type JetStreamClient,
  type JsMsg,
  type NatsConnection,
} from 'nats';

import type { EventBus, EventFilter, EventSubscription, JobEvent } from './event-bus.js';

const RETRY_DELAY_MS = 100;
const PUBLISH_TIMEOUT_MS = 2000;
const ACK_WAIT_MS = 10_000;
const DUPLICATE_WINDOW_MS = 2 * 60 * 1000;

export interface NatsEventBusOptions {
  /** nats://host:port, or tls://; several with commas. */
  readonly servers: string;
  readonly user?: string;
  readonly password?: string;
  /** JetStream stream; made when missing. Default `TUNEYARD`. */
  readonly stream?: string;
  /** First token of every subject; default `tuneyard`. */
  readonly subjectPrefix?: string;
  /** Oldest event kept; default 7 days. */
  readonly maxAgeMs?: number;
  /** An event that a handler has not finished in this time is delivered again; default 10 s. */
  readonly ackWaitMs?: number;
  /** Largest stream; default 256 MiB. The oldest events go first. */
  readonly maxBytes?: number;
}

/** Events on NATS JetStream, subject `<prefix>.<namespace>.<job>.<type>`; de-duplicated by the event's id. */
export class NatsEventBus implements EventBus {
  readonly #subscriptions = new Set<EventSubscription>();

  private constructor(
    private readonly connection: NatsConnection,
    private readonly jetstream: JetStreamClient,
    private readonly stream: string,
    private readonly prefix: string,
    private readonly ackWaitMs: number,
  ) {}

  /** Connects, and makes the stream with its limits when it is missing. */
  static async connect(options: NatsEventBusOptions): Promise<NatsEventBus> {
    const connection = await connect({
      servers: options.servers.split(','),
      name: 'tuneyard-controller',
      maxReconnectAttempts: -1,
      reconnectTimeWait: 200,
      ...(options.user === undefined ? {} : { user: options.user }),
      ...(options.password === undefined ? {} : { pass: options.password }),
    });
    const stream = options.stream ?? 'TUNEYARD';
    const prefix = options.subjectPrefix ?? 'tuneyard';
    const manager = await connection.jetstreamManager();
    const limits = {
      subjects: [`${prefix}.>`],
      max_age: nanos(options.maxAgeMs ?? 7 * 24 * 3600 * 1000),
      max_bytes: options.maxBytes ?? 256 << 20,
      duplicate_window: nanos(DUPLICATE_WINDOW_MS),
      discard: DiscardPolicy.Old,
    };
    try {
      await manager.streams.update(stream, limits);
    } catch {
      await manager.streams.add({
        name: stream,
        storage: StorageType.File,
        retention: RetentionPolicy.Limits,
        ...limits,
      });
    }
    return new NatsEventBus(
      connection,
      connection.jetstream({ timeout: PUBLISH_TIMEOUT_MS }),
      stream,
      prefix,
      options.ackWaitMs ?? ACK_WAIT_MS,
    );
  }

  async publish(event: JobEvent): Promise<void> {
    const subject = `${this.prefix}.${token(event.namespace)}.${token(event.job)}.${event.type}`;
    await this.jetstream.publish(subject, JSON.stringify(event), { msgID: event.id });
  }

  async subscribe(
    filter: EventFilter,
    handler: (event: JobEvent) => Promise<void>,
  ): Promise<EventSubscription> {
    const name = filter.durable === undefined ? undefined : durableName(filter.durable);
    const subject = `${this.prefix}.${maybe(filter.namespace)}.${maybe(filter.job)}.*`;
    const config: Partial<ConsumerConfig> = {
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(this.ackWaitMs),
      // One at a time, in order: the next comes when this one is done.
      max_ack_pending: 1,
      filter_subject: subject,
      deliver_policy: filter.from === 'beginning' ? DeliverPolicy.All : DeliverPolicy.New,
      ...(name === undefined ? { inactive_threshold: nanos(60_000) } : { durable_name: name }),
    };
    const manager = await this.connection.jetstreamManager();
    const info =
      (name === undefined
        ? undefined
        : await manager.consumers.info(this.stream, name).catch(() => undefined)) ??
      (await manager.consumers.add(this.stream, config));
    const consumer = await this.jetstream.consumers.get(this.stream, info.name);
    const messages = await consumer.consume({ max_messages: 64 });
    const delivery = deliver(messages, handler);
    const subscription: EventSubscription = {
      close: async () => {
        this.#subscriptions.delete(subscription);
        await messages.close();
        await delivery;
        if (name === undefined) await consumer.delete().catch(() => false);
      },
    };
    this.#subscriptions.add(subscription);
    return subscription;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.close()));
    await this.connection.close();
  }
}

async function deliver(
  messages: AsyncIterable<JsMsg>,
  handler: (event: JobEvent) => Promise<void>,
): Promise<void> {
  let handled = 0;
  for await (const message of messages) {
    try {
      // Delivered again because the acknowledgement was lost, not because the handler failed.
      if (message.seq > handled) await handler(message.json<JobEvent>());
      handled = Math.max(handled, message.seq);
      message.ack();
    } catch {
      message.nak(RETRY_DELAY_MS);
    }
  }
}

/** Kubernetes names may hold dots, which separate tokens of a subject; they never hold underscores. */
function token(name: string): string {
  return name.replaceAll('.', '_');
}

function maybe(name: string | undefined): string {
  return name === undefined ? '*' : token(name);
}

function durableName(name: string): string {
  return /^[\w-]{1,64}$/.test(name) ? name : createHash('sha256').update(name).digest('hex').slice(0, 32);
}
