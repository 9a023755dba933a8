import { setTimeout as delay } from 'node:timers/promises';
import { AckPolicy, DeliverPolicy, nanos } from 'nats';
import type { Consumer, ConsumerConfig, ConsumerMessages, JetStreamClient, JsMsg, StreamInfo } from 'nats';
import type { EventSubscription, JobEvent } from './event-bus.js';
import { SETTLE_MS, type NatsStream } from './nats-stream.js';
import { retryUntil } from './retry.js';

const RETRY_DELAY_MS = 100;
/**
 * A request for events is made anew after this time. A server (2.9) may not notice an event that arrives while it makes
 * the consumer, until it is asked again.
 */
const REQUEST_MS = 5000;
/** The server says at least this often that a consumer is still there. */
const HEARTBEAT_MS = 2000;
/** The server forgets a consumer without a name that nobody has asked for this long. */
const INACTIVE_MS = 60_000;

export interface NatsSubscriptionOptions {
  readonly jetstream: JetStreamClient;
  readonly stream: NatsStream;
  /** Of the events that are wanted; `*` stands for any token. */
  readonly subject: string;
  readonly from: 'beginning' | 'now';
  /** Name of a position that the server keeps; undefined = none. */
  readonly durable: string | undefined;
  /** An event that the handler has not finished in this time is delivered again. */
  readonly ackWaitMs: number;
  readonly handler: (event: JobEvent) => Promise<void>;
  /** Told when the consumer was lost, and of attempts to make it again that failed. */
  readonly onTrouble: (error: unknown) => void;
}

/**
 * Delivers events one at a time, in order. A consumer that is gone is made again behind the last event that was handled;
 * when the whole stream is gone, at the beginning of the one that took its place.
 */
export class NatsSubscription implements EventSubscription {
  #closed = false;
  #consumer: Consumer | undefined;
  #messages: ConsumerMessages | undefined;
  #delivering: Promise<void> = Promise.resolve();
  /** When the stream was made to which {@link #handled} belongs. */
  #streamCreated: string | undefined;
  /** Sequence in the stream of the last event that was handled or not wanted. */
  #handled = 0;

  private constructor(private readonly options: NatsSubscriptionOptions) {}

  /** Resolves once the server has the consumer; what is published from then on is delivered. */
  static async open(options: NatsSubscriptionOptions): Promise<NatsSubscription> {
    const subscription = new NatsSubscription(options);
    await subscription.#attach();
    subscription.#delivering = subscription.#run();
    return subscription;
  }

  async close(): Promise<void> {
    this.#closed = true;
    // Not close(), which waits for an end of reading that never comes when nobody has begun to read.
    this.#messages?.stop();
    await this.#delivering;
    // Made meanwhile.
    this.#messages?.stop();
    if (this.options.durable === undefined) await this.#consumer?.delete().catch(() => false);
  }

  async #run(): Promise<void> {
    const { onTrouble } = this.options;
    while (!this.#closed) {
      try {
        await this.#deliver();
      } catch (error) {
        onTrouble(error);
      }
      await delay(SETTLE_MS);
      await retryUntil(
        () => this.#attach(),
        () => this.#closed,
        onTrouble,
      );
    }
  }

  /** Finds the durable consumer, or makes one that begins where the last one left off. */
  async #attach(): Promise<void> {
    const { stream, jetstream, durable } = this.options;
    const info = await stream.ensure();
    const start = this.#start(info);
    const { consumers } = await stream.manager();
    const known =
      durable === undefined ? undefined : await consumers.info(stream.name, durable).catch(() => undefined);
    const { name } = known ?? (await consumers.add(stream.name, this.#config(start)));
    this.#consumer = await jetstream.consumers.get(stream.name, name);
    this.#messages = await this.#consumer.consume({
      max_messages: 64,
      expires: REQUEST_MS,
      idle_heartbeat: HEARTBEAT_MS,
      abort_on_missing_resource: true,
    });
  }

  #start({ created, state }: StreamInfo): Pick<ConsumerConfig, 'deliver_policy' | 'opt_start_seq'> {
    const isFirst = this.#streamCreated === undefined;
    if (this.#streamCreated !== created) {
      this.#streamCreated = created;
      this.#handled = isFirst && this.options.from === 'now' ? state.last_seq : 0;
      if (isFirst && this.options.from === 'now') return { deliver_policy: DeliverPolicy.New };
    }
    if (this.#handled === 0) return { deliver_policy: DeliverPolicy.All };
    return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: this.#handled + 1 };
  }

  #config(start: Pick<ConsumerConfig, 'deliver_policy' | 'opt_start_seq'>): Partial<ConsumerConfig> {
    const { subject, durable, ackWaitMs } = this.options;
    return {
      ...start,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ackWaitMs),
      // One at a time, in order: the next comes when this one is done.
      max_ack_pending: 1,
      filter_subject: subject,
      ...(durable === undefined ? { inactive_threshold: nanos(INACTIVE_MS) } : { durable_name: durable }),
    };
  }

  async #deliver(): Promise<void> {
    for await (const message of this.#messages ?? []) await this.#handle(message);
  }

  async #handle(message: JsMsg): Promise<void> {
    try {
      // Delivered again because the acknowledgement was lost, not because the handler failed.
      if (message.seq > this.#handled) await this.options.handler(message.json<JobEvent>());
      this.#handled = Math.max(this.#handled, message.seq);
      message.ack();
    } catch {
      message.nak(RETRY_DELAY_MS);
    }
  }
}
