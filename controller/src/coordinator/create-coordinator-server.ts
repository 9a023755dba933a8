import { Server, ServerCredentials } from '@grpc/grpc-js';
import { CoordinatorService } from '@tuneyard/proto';

import { UserError } from '../errors.js';
import { systemClock, type Clock } from './clock.js';
import type { EventBus } from './event-bus.js';
import type { CoordinatedJob, JobCoordinator, JobTrainingState } from './job-coordinator.js';
import { JobRuntime } from './job-runtime.js';
import type { JobNews } from './job-runtime-options.js';
import { DEFAULT_MEMBERSHIP_SETTINGS, type MembershipSettings } from './membership-events.js';
import { MutualTlsServerCredentials, type CoordinatorTls } from './server-credentials.js';
import { PendingHellos } from './pending-hellos.js';
import { serveSession } from './session-service.js';
import type { StateStore } from './state-store.js';

/** Workers say little: figures, names, addresses. */
const MAX_MESSAGE_BYTES = 256 * 1024;
const TICK_MS = 10;
/** A tick that is so late says that the process stood still (stopped, or out of processor time). */
const STALL_MS = 150;

export interface CoordinatorServerOptions {
  /** `host:port` to listen on; port 0 = any free one. */
  readonly address: string;
  readonly store: StateStore;
  readonly bus: EventBus;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** TLS 1.3, with certificates of the workers' jobs required; default: plaintext, for loopback only. */
  readonly tls?: CoordinatorTls;
  /** Seconds between a worker's heartbeats; default 1. */
  readonly heartbeatIntervalSeconds?: number;
  /** Seconds of silence after which a worker counts as gone; default 5. */
  readonly heartbeatTimeoutSeconds?: number;
  readonly membership?: Partial<Omit<MembershipSettings, 'heartbeatTimeoutMs'>>;
  /** Told of workers that are expelled or far too slow. Default: nothing. */
  readonly news?: JobNews;
  /** Told of troubles that heal themselves: a store or bus out of reach. Default: nothing. */
  readonly onTrouble?: (place: string, error: unknown) => void;
}

export interface CoordinatorServer {
  readonly coordinator: JobCoordinator;
  /** `host:port` that it listens on. */
  readonly address: string;
  /** Shows newer certificates to new connections. @throws Error where there were none */
  renew(tls: CoordinatorTls): void;
  /** Ends all sessions; what the store holds stays, so that the next coordinator goes on. */
  close(): Promise<void>;
}

/**
 * Serves `Coordinator.Session` for the jobs that are registered with its coordinator.
 * @throws UserError for plaintext on anything but loopback
 */
export async function createCoordinatorServer(options: CoordinatorServerOptions): Promise<CoordinatorServer> {
  const host = options.address.slice(0, options.address.lastIndexOf(':'));
  if (options.tls === undefined && !isLoopback(host))
    throw new UserError(`a coordinator on ${host} needs certificates: without, it listens on loopback only`);
  const credentials = options.tls === undefined ? undefined : new MutualTlsServerCredentials(options.tls);
  const heartbeatTimeoutSeconds = options.heartbeatTimeoutSeconds ?? 5;
  const settings = {
    helloTimeoutMs: 5000,
    pendingHellos: new PendingHellos(),
    heartbeatIntervalSeconds: options.heartbeatIntervalSeconds ?? 1,
    heartbeatTimeoutSeconds,
    requireCertificate: credentials !== undefined,
  };
  const coordinator = new GrpcJobCoordinator(options, {
    ...DEFAULT_MEMBERSHIP_SETTINGS,
    ...options.membership,
    heartbeatTimeoutMs: 1000 * heartbeatTimeoutSeconds,
  });
  const server = new Server({
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    // A worker needs one stream; a few more cover reconnections.
    'grpc.max_concurrent_streams': 16,
    'grpc.keepalive_time_ms': 10_000,
    'grpc.keepalive_timeout_ms': 5000,
    // Who holds a connection says hello on it, or another one soon.
    'grpc.max_connection_idle_ms': 30_000,
    // Without channelz, grpc-js 1.14 forgets its connections and forceShutdown leaves them open.
    'grpc.enable_channelz': 1,
  });
  server.addService(CoordinatorService, {
    session: (call: Parameters<typeof serveSession>[0]) =>
      serveSession(call, (uid) => coordinator.runtime(uid), settings),
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(options.address, credentials ?? ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const ticker = setInterval(() => coordinator.tick(), TICK_MS);
  return {
    coordinator,
    address: `${host}:${port}`,
    renew: (tls) => {
      if (credentials === undefined) throw new Error('plaintext has no certificates');
      credentials.renew(tls);
    },
    close: async () => {
      clearInterval(ticker);
      await coordinator.close();
      server.forceShutdown();
    },
  };
}

const isLoopback = (host: string): boolean =>
  ['localhost', '::1', '[::1]'].includes(host) || /^127(\.\d+){3}$/.test(host);

class GrpcJobCoordinator implements JobCoordinator {
  readonly #runtimes = new Map<string, Promise<JobRuntime>>();
  readonly #open = new Map<string, JobRuntime>();
  readonly #listeners = new Set<(uid: string) => void>();
  #tickedAt = performance.now();

  constructor(
    private readonly options: CoordinatorServerOptions,
    private readonly membership: MembershipSettings,
  ) {}

  runtime(uid: string): JobRuntime | undefined {
    return this.#open.get(uid);
  }

  tick(): void {
    const now = performance.now();
    const late = now - this.#tickedAt - TICK_MS;
    this.#tickedAt = now;
    for (const runtime of this.#open.values()) {
      if (late > STALL_MS) runtime.stalled(late);
      runtime.tick();
    }
  }

  async register(job: CoordinatedJob): Promise<void> {
    const { uid } = job.ref;
    const known = this.#runtimes.get(uid);
    if (known !== undefined) return (await known).update(job);
    const opening = JobRuntime.open(job, {
      store: this.options.store,
      bus: this.options.bus,
      clock: this.options.clock ?? systemClock,
      membership: this.membership,
      onChange: () => this.#changed(uid),
      news: this.options.news ?? {},
      onTrouble: this.options.onTrouble ?? (() => {}),
    });
    this.#runtimes.set(uid, opening);
    try {
      this.#open.set(uid, await opening);
    } catch (error) {
      this.#runtimes.delete(uid);
      throw error;
    }
  }

  async unregister(uid: string): Promise<void> {
    const runtime = await this.#runtimes.get(uid);
    this.#runtimes.delete(uid);
    this.#open.delete(uid);
    runtime?.stop('the job was removed', false);
    await runtime?.close('the job was removed');
    await this.options.store.remove(uid);
  }

  async requestCheckpoint(uid: string): Promise<void> {
    (await this.#runtimes.get(uid))?.requestCheckpoint();
  }

  async stop(uid: string, reason: string, options: { readonly checkpoint: boolean }): Promise<void> {
    (await this.#runtimes.get(uid))?.stop(reason, options.checkpoint);
  }

  state(uid: string): JobTrainingState | undefined {
    return this.#open.get(uid)?.trainingState();
  }

  onChange(listener: (uid: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    const open = [...this.#open.values()];
    this.#open.clear();
    this.#runtimes.clear();
    await Promise.all(open.map((runtime) => runtime.close('the coordinator is going down')));
  }

  #changed(uid: string): void {
    for (const listener of this.#listeners) listener(uid);
  }
}
