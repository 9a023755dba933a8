import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, type JetStreamClient, type NatsConnection } from 'nats';

import type { EventBus, EventFilter, EventSubscription, JobEvent } from './event-bus.js';
import { NamespaceShare } from './namespace-share.js';
import { isStreamMissing, NatsStream } from './nats-stream.js';
import { NatsSubscription } from './nats-subscription.js';

const PUBLISH_TIMEOUT_MS = 2000;
const ACK_WAIT_MS = 10_000;
/** A stream that was just made hears of its subjects a moment later. */
const SENDS = 5;
const SEND_PAUSE_MS = 20;

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
  /** Events of one namespace that are kept; default 20,000. The oldest go first. */
  readonly mostOfNamespace?: number;
  /** Told of a stream or a consumer that was gone and is made again. */
  readonly onTrouble?: (error: unknown) => void;
}

interface BusParts {
  readonly connection: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly stream: NatsStream;
  readonly share: NamespaceShare;
  readonly prefix: string;
  readonly ackWaitMs: number;
  readonly onTrouble: (error: unknown) => void;
}

/** Events on NATS JetStream, subject `<prefix>.<namespace>.<job>.<type>`; de-duplicated by the event's id. */
export class NatsEventBus implements EventBus {
  readonly #subscriptions = new Set<EventSubscription>();

  private constructor(private readonly parts: BusParts) {}

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
    const prefix = options.subjectPrefix ?? 'tuneyard';
    const onTrouble = options.onTrouble ?? (() => {});
    const name = options.stream ?? 'TUNEYARD';
    const stream = new NatsStream(connection, {
      name,
      subjectPrefix: prefix,
      maxAgeMs: options.maxAgeMs ?? 7 * 24 * 3600 * 1000,
      maxBytes: options.maxBytes ?? 256 << 20,
      onRemade: () =>
        onTrouble(new Error(`the JetStream stream ${name} was gone; it is made again, without its events`)),
    });
    try {
      await stream.ensure();
    } catch (error) {
      await connection.close();
      throw error;
    }
    return new NatsEventBus({
      connection,
      jetstream: connection.jetstream({ timeout: PUBLISH_TIMEOUT_MS }),
      stream,
      share: new NamespaceShare({
        most: options.mostOfNamespace,
        dropOldest: (namespace, keep) => stream.dropOldest(`${prefix}.${token(namespace)}.>`, keep),
        onTrouble,
      }),
      prefix,
      ackWaitMs: options.ackWaitMs ?? ACK_WAIT_MS,
      onTrouble,
    });
  }

  async publish(event: JobEvent): Promise<void> {
    const subject = `${this.parts.prefix}.${token(event.namespace)}.${token(event.job)}.${event.type}`;
    const send = () => this.parts.jetstream.publish(subject, JSON.stringify(event), { msgID: event.id });
    for (let attempt = 1; ; attempt++) {
      try {
        await send();
        this.parts.share.stored(event.namespace);
        return;
      } catch (error) {
        if (!isStreamMissing(error) || attempt === SENDS) throw error;
        await this.parts.stream.ensure();
        await delay(attempt * SEND_PAUSE_MS);
      }
    }
  }

  async subscribe(
    filter: EventFilter,
    handler: (event: JobEvent) => Promise<void>,
  ): Promise<EventSubscription> {
    const opened = await NatsSubscription.open({
      jetstream: this.parts.jetstream,
      stream: this.parts.stream,
      subject: `${this.parts.prefix}.${maybe(filter.namespace)}.${maybe(filter.job)}.*`,
      from: filter.from ?? 'now',
      durable: filter.durable === undefined ? undefined : durableName(filter.durable),
      ackWaitMs: this.parts.ackWaitMs,
      handler,
      onTrouble: this.parts.onTrouble,
    });
    const subscription: EventSubscription = {
      close: async () => {
        this.#subscriptions.delete(subscription);
        await opened.close();
      },
    };
    this.#subscriptions.add(subscription);
    return subscription;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.close()));
    await this.parts.connection.close();
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
