import { Cluster, Redis } from 'ioredis';
import { UserError } from '../errors.js';

/** A Redis server, one that sentinels name, or a cluster of them. */
export interface RedisAddress {
  readonly kind: 'server' | 'sentinel' | 'cluster';
  readonly tls: boolean;
  /** The server; the sentinels; or some nodes of the cluster. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly username?: string;
  readonly password?: string;
  /** Of the sentinels themselves, where they ask for one. */
  readonly sentinelPassword?: string;
  /** Name by which sentinels know the primary. */
  readonly primary?: string;
  readonly database: number;
}

const FORMS =
  'redis://host:6379/0, redis+sentinel://host:26379,host:26379/primary or redis+cluster://host:6379,host:6379 ' +
  '(rediss… for TLS)';
const ADDRESS =
  /^redis(?<tls>s?)(?:\+(?<kind>sentinel|cluster))?:\/\/(?:(?<user>[^@/]*)@)?(?<hosts>[^/?@]+)(?:\/(?<path>[^?]*))?(?:\?(?<query>.*))?$/;

/** @throws UserError without the address in its message, since it may hold a password */
export function parseRedisAddress(text: string): RedisAddress {
  const found = ADDRESS.exec(text)?.groups;
  if (found === undefined) throw new UserError(`the Redis address is none of the forms ${FORMS}`);
  const kind = (found['kind'] ?? 'server') as RedisAddress['kind'];
  const [username = '', password = ''] = credentials(found['user'] ?? '');
  const hosts = (found['hosts'] ?? '')
    .split(',')
    .map((host) => endpoint(host, kind === 'sentinel' ? 26379 : 6379));
  const path = (found['path'] ?? '').split('/').filter((part) => part !== '');
  const primary = kind === 'sentinel' ? path.shift() : undefined;
  const database = Number(path[0] ?? 0);
  if (kind === 'sentinel' && primary === undefined)
    throw new UserError('the Redis address names sentinels, but not the primary: add /NAME after the hosts');
  if (kind === 'server' && hosts.length > 1)
    throw new UserError(
      `the Redis address names several hosts: it must begin with redis+sentinel or redis+cluster`,
    );
  if (!Number.isInteger(database) || path.length > 1 || (kind === 'cluster' && database !== 0))
    throw new UserError(`the Redis address is none of the forms ${FORMS}`);
  const sentinelPassword = new URLSearchParams(found['query'] ?? '').get('sentinelPassword');
  return {
    kind,
    tls: found['tls'] === 's',
    hosts,
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
    ...(sentinelPassword === null ? {} : { sentinelPassword }),
    ...(primary === undefined ? {} : { primary: decodeURIComponent(primary) }),
    database,
  };
}

/** As in a URL: `user:password`, with a user that may be empty. */
const credentials = (text: string) => {
  const at = text.indexOf(':');
  const parts = at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
  return parts.map((part) => decodeURIComponent(part));
};

function endpoint(text: string, defaultPort: number): { host: string; port: number } {
  const [, host = '', port] = /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(text) ?? [];
  if (host === '') throw new UserError(`the Redis address is none of the forms ${FORMS}`);
  return { host: host.replaceAll(/[[\]]/g, ''), port: Number(port ?? defaultPort) };
}

/** Answers of a server that takes no writes: another one is the primary now, or it has not read its data yet. */
const FAILED_OVER = /\b(READONLY|MASTERDOWN|LOADING)\b/;
/** Another server has the key: the address may lead there by now, or to a cluster, which a new connection cannot mend. */
const MOVED = /^MOVED /;

/**
 * Behind one address another server may answer after a failover, while the connection still leads to the former primary:
 * the client connects anew. 2 = and sends the command again, 1 = and reports the error.
 */
function reconnectOnError({ message }: Error): false | 1 | 2 {
  if (FAILED_OVER.test(message)) return 2;
  return MOVED.test(message) ? 1 : false;
}

/** A client that connects again by itself, to a new primary too. A command fails soon while it cannot be sent. */
export function connectRedis(address: RedisAddress, commandTimeoutMs: number): Redis | Cluster {
  const { kind, tls, hosts, username, password, sentinelPassword, primary, database } = address;
  const delay = (attempt: number) => Math.min(50 * 2 ** attempt, 2000);
  const options = {
    commandTimeout: commandTimeoutMs,
    maxRetriesPerRequest: 1,
    db: database,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
  };
  const [server = { host: '127.0.0.1', port: 6379 }] = hosts;
  if (kind === 'server') return new Redis({ ...options, ...server, retryStrategy: delay, reconnectOnError });
  if (kind === 'cluster')
    return new Cluster([...hosts], {
      redisOptions: options,
      clusterRetryStrategy: delay,
      slotsRefreshTimeout: 2000,
    });
  return new Redis({
    ...options,
    retryStrategy: delay,
    reconnectOnError,
    sentinels: [...hosts],
    name: primary ?? '',
    sentinelRetryStrategy: delay,
    enableTLSForSentinelMode: tls,
    ...(tls ? { sentinelTLS: {} } : {}),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
  });
}
