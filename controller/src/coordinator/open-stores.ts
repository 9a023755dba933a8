import { UserError } from '../errors.js';
import { BufferedEventBus } from './buffered-event-bus.js';
import type { EventBus } from './event-bus.js';
import { MemoryEventBus } from './memory-event-bus.js';
import { MemoryStateStore } from './memory-state-store.js';
import { NatsEventBus } from './nats-event-bus.js';
import { RedisStateStore } from './redis-state-store.js';
import type { StateStore } from './state-store.js';

export interface StoreAddresses {
  /** A server, sentinels or a cluster, see {@link parseRedisAddress}; absent: memory, which a restart forgets. */
  readonly redisUrl?: string | undefined;
  /** `nats://[user:password@]host:port`, or `tls://`; absent: memory. */
  readonly natsUrl?: string | undefined;
  /** Told of connections that are lost and come back. */
  readonly onTrouble: (place: string, error: unknown) => void;
}

export interface Stores {
  readonly store: StateStore;
  readonly bus: EventBus;
  close(): Promise<void>;
}

/** Connects to the stores that are named. @throws UserError when an address is none or does not answer. */
export async function openStores({ redisUrl, natsUrl, onTrouble }: StoreAddresses): Promise<Stores> {
  const store = redisUrl === undefined ? new MemoryStateStore() : openRedis(redisUrl, onTrouble);
  try {
    const bus = natsUrl === undefined ? new MemoryEventBus() : await openNats(natsUrl, onTrouble);
    return {
      store,
      bus,
      close: async () => {
        await bus.close();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

function openRedis(address: string, onTrouble: StoreAddresses['onTrouble']): StateStore {
  return new RedisStateStore({ url: address, onTrouble: (error) => onTrouble('redis', error) });
}

async function openNats(address: string, onTrouble: StoreAddresses['onTrouble']): Promise<EventBus> {
  const { protocol, host, username, password } = parse(address, 'nats');
  try {
    const bus = await NatsEventBus.connect({
      servers: `${protocol}//${host}`,
      onTrouble: (error) => onTrouble('event bus', error),
      ...(username === '' ? {} : { user: decodeURIComponent(username) }),
      ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    });
    return new BufferedEventBus(bus, { onTrouble: (error) => onTrouble('event bus: publishing', error) });
  } catch (error) {
    throw new UserError(`NATS at ${host} cannot be used: ${(error as Error).message}`);
  }
}

/** Never repeats the address in a message: it holds the password. */
function parse(address: string, name: string): URL {
  try {
    return new URL(address);
  } catch {
    throw new UserError(`the ${name} address is no URL of the form ${name}://host:port`);
  }
}
