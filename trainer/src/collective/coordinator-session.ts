import { status, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import {
  CoordinatorClient,
  type CheckpointDone,
  Finished_Outcome,
  type CheckpointRequest,
  type Directive,
  type Expelled,
  type Finished,
  type Hello,
  type JobFinished,
  type Membership,
  type PeerFailure,
  type Progress,
  type Ready,
  type Stop,
  type Welcome,
  type WorkerMessage,
} from '@tuneyard/proto';

import { CoordinatorError } from '../errors.js';
import { coordinatorCredentials, nameOptions, type TlsIdentity } from './tls-identity.js';

const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 500;
const WATCH_MS = 250;
const DEFAULT_PATIENCE_MS = 300_000;
/** A process that was told to end waits no longer than this for a coordinator that is gone. */
const ENDING_PATIENCE_MS = 1000;
/** A stop needs no answer: the checkpoint is written, and a coordinator that is gone may have forgotten the job. */
const STOPPED_PATIENCE_MS = 3000;
/** The coordinator says Welcome at once; a stream without it leads nowhere. */
const WELCOME_TIMEOUT_MS = 5000;

export interface SessionListener {
  /** A stream begins, the first one or another after it broke. */
  onWelcome(): void;
  onMembership(membership: Membership): void;
  onCheckpoint(request: CheckpointRequest): void;
  onStop(stop: Stop): void;
  onJobFinished(finished: JobFinished): void;
  onExpelled(expelled: Expelled): void;
}

export interface SessionOptions {
  readonly address: string;
  readonly tls?: TlsIdentity | undefined;
  /** Name in the coordinator's certificate. */
  readonly name: string;
  /** Who we are and where we stand, asked at every (re)connection. */
  readonly hello: () => Hello;
  readonly committedStep: () => number;
  /** What one micro-batch takes here; undefined = not known yet. */
  readonly unitSeconds?: () => number | undefined;
  /** For how long a coordinator that is gone is worth waiting for; default 300 s. */
  readonly patienceMs?: number;
  readonly listener: SessionListener;
}

type Body = NonNullable<WorkerMessage['body']>;

/** The stream to the coordinator. Comes back by itself for as long as it is not closed. */
export class CoordinatorSession {
  #client: CoordinatorClient;
  #tlsVersion: number | undefined;
  #stream: ClientDuplexStream<WorkerMessage, Directive> | undefined;
  #welcomed = false;
  #closed = false;
  #pause = FIRST_PAUSE_MS;
  #heartbeat: NodeJS.Timeout | undefined;
  #welcomeTimer: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #lostAt: number | undefined;
  #endingAt: number | undefined;
  #first: { resolve: (welcome: Welcome) => void; reject: (error: Error) => void } | undefined;
  #ready: Ready | undefined;
  #finishing: { readonly finished: Finished; readonly resolve: () => void } | undefined;
  /** Newest of each kind that no stream has taken yet. */
  readonly #unsent = new Map<Body['$case'], Body>();

  constructor(private readonly options: SessionOptions) {
    this.#client = this.#newClient();
  }

  /** Resolves with the first Welcome; rejects when the coordinator refuses us for good or does not answer in time. */
  async connect(timeoutMs: number): Promise<Welcome> {
    const welcome = new Promise<Welcome>((resolve, reject) => (this.#first = { resolve, reject }));
    const timer = setTimeout(
      () =>
        this.#first?.reject(
          new CoordinatorError(
            `no answer from the coordinator at ${this.options.address} within ${timeoutMs / 1000} s`,
          ),
        ),
      timeoutMs,
    );
    this.#open();
    try {
      return await welcome;
    } finally {
      clearTimeout(timer);
      this.#first = undefined;
    }
  }

  /** Said again after every reconnection. */
  ready(ready: Ready): void {
    this.#ready = ready;
    this.#write({ $case: 'ready', value: ready });
  }

  progress(value: Progress): void {
    this.#send({ $case: 'progress', value });
  }

  checkpointDone(value: CheckpointDone): void {
    this.#send({ $case: 'checkpointDone', value });
  }

  peerFailure(value: PeerFailure): void {
    this.#send({ $case: 'peerFailure', value });
  }

  /** Resolves once the coordinator has it; rejects when that is gone for too long. */
  async finish(finished: Finished): Promise<void> {
    let watch: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#finishing = { finished, resolve };
        watch = setInterval(() => {
          const reason = this.givenUp() ?? this.#unanswered();
          if (reason !== undefined) reject(reason);
        }, WATCH_MS);
        this.#sendFinished();
      });
    } finally {
      clearInterval(watch);
    }
  }

  /** The process was told to end: a coordinator that is gone is not waited for much longer. */
  endSoon(): void {
    this.#endingAt ??= performance.now();
  }

  /** Why it is time to go on without the coordinator; undefined = it is there, or may come back. */
  givenUp(): CoordinatorError | undefined {
    const { address } = this.options;
    const patienceMs = this.#patienceMs();
    if (this.#lostAt === undefined || performance.now() - this.#lostAt < patienceMs) return undefined;
    return new CoordinatorError(
      `the coordinator at ${address} has been gone for more than ${patienceMs / 1000} s; the job resumes from its last checkpoint`,
    );
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#heartbeat);
    clearTimeout(this.#retry);
    clearTimeout(this.#welcomeTimer);
    this.#stream?.end();
    this.#stream = undefined;
    this.#client.close();
  }

  #patienceMs(): number {
    const limits = [this.options.patienceMs ?? DEFAULT_PATIENCE_MS];
    if (this.#finishing?.finished.outcome === Finished_Outcome.OUTCOME_STOPPED)
      limits.push(STOPPED_PATIENCE_MS);
    if (this.#endingAt !== undefined) limits.push(ENDING_PATIENCE_MS);
    return Math.min(...limits);
  }

  /** A coordinator whose connection stands but that does not answer cannot hold a process that was told to end. */
  #unanswered(): CoordinatorError | undefined {
    if (this.#endingAt === undefined || performance.now() - this.#endingAt < 2 * ENDING_PATIENCE_MS)
      return undefined;
    return new CoordinatorError(
      `the coordinator at ${this.options.address} did not answer while this process was told to end`,
    );
  }

  #renewClient(): void {
    this.#client.close();
    this.#client = this.#newClient();
  }

  #newClient(): CoordinatorClient {
    const { address, tls, name } = this.options;
    this.#tlsVersion = tls?.version;
    return new CoordinatorClient(address, coordinatorCredentials(tls), {
      ...nameOptions(tls, name),
      'grpc.max_receive_message_length': 4 << 20,
      'grpc.enable_http_proxy': 0,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.service_config_disable_resolution': 1,
      'grpc.enable_retries': 0,
      'grpc.keepalive_time_ms': 5000,
      'grpc.keepalive_timeout_ms': 5000,
      // The pauses are made here, and must not add up.
      'grpc.initial_reconnect_backoff_ms': 50,
      'grpc.max_reconnect_backoff_ms': 100,
    });
  }

  #open(): void {
    if (this.#closed) return;
    if (this.options.tls !== undefined && this.options.tls.version !== this.#tlsVersion) this.#renewClient();
    const stream = this.#client.session();
    this.#stream = stream;
    this.#welcomed = false;
    stream.on('data', (directive: Directive) => {
      if (stream === this.#stream) this.#receive(directive);
    });
    stream.on('error', (error: ServiceError) => this.#broken(stream, error));
    stream.on('end', () => this.#broken(stream, undefined));
    stream.write({ body: { $case: 'hello', value: this.options.hello() } });
    this.#welcomeTimer = setTimeout(() => stream.cancel(), WELCOME_TIMEOUT_MS);
  }

  #broken(stream: ClientDuplexStream<WorkerMessage, Directive>, error: ServiceError | undefined): void {
    if (stream !== this.#stream || this.#closed) return;
    clearInterval(this.#heartbeat);
    clearTimeout(this.#welcomeTimer);
    this.#lostAt ??= performance.now();
    this.#stream = undefined;
    if (error === undefined && this.#welcomed && this.#finishing !== undefined) {
      const { resolve } = this.#finishing;
      this.#closed = true;
      return resolve();
    }
    if (error?.code === status.UNAUTHENTICATED || error?.code === status.FAILED_PRECONDITION)
      this.#first?.reject(new CoordinatorError(`the coordinator refuses this worker: ${error.details}`));
    // The address may be that of several controllers, of which only the leader knows the job: a new connection may
    // reach another one.
    if (error?.code === status.NOT_FOUND) this.#renewClient();
    this.#retry = setTimeout(() => this.#open(), this.#pause);
    this.#pause = Math.min(2 * this.#pause, MAX_PAUSE_MS);
  }

  #receive({ body }: Directive): void {
    const { listener } = this.options;
    switch (body?.$case) {
      case 'welcome':
        this.#begin(body.value);
        break;
      case 'membership':
        listener.onMembership(body.value);
        break;
      case 'checkpoint':
        listener.onCheckpoint(body.value);
        break;
      case 'stop':
        listener.onStop(body.value);
        // The job was removed: no report of it is waited for.
        if (!body.value.checkpoint) this.#finishing?.resolve();
        break;
      case 'jobFinished':
        listener.onJobFinished(body.value);
        break;
      case 'expelled':
        listener.onExpelled(body.value);
        break;
      case 'probe':
        this.#beat();
        break;
      default:
    }
  }

  #begin(welcome: Welcome): void {
    clearTimeout(this.#welcomeTimer);
    this.#welcomed = true;
    this.#lostAt = undefined;
    this.#pause = FIRST_PAUSE_MS;
    const intervalMs = 1000 * Math.max(0.05, welcome.heartbeatIntervalSeconds);
    this.#heartbeat = setInterval(() => this.#beat(), intervalMs);
    if (this.#ready !== undefined)
      this.#write({
        $case: 'ready',
        value: { ...this.#ready, committedStep: this.options.committedStep() },
      });
    const unsent = [...this.#unsent.values()];
    this.#unsent.clear();
    for (const body of unsent) this.#send(body);
    this.options.listener.onWelcome();
    this.#sendFinished();
    this.#first?.resolve(welcome);
  }

  #beat(): void {
    const { committedStep, unitSeconds } = this.options;
    this.#write({
      $case: 'heartbeat',
      value: { committedStep: committedStep(), unitSeconds: unitSeconds?.() },
    });
  }

  #sendFinished(): void {
    if (this.#finishing === undefined || !this.#welcomed) return;
    this.#write({ $case: 'finished', value: this.#finishing.finished });
    this.#stream?.end();
    clearInterval(this.#heartbeat);
  }

  #send(body: Body): void {
    if (!this.#write(body)) this.#unsent.set(body.$case, body);
  }

  #write(body: Body): boolean {
    if (this.#stream === undefined || !this.#welcomed) return false;
    this.#stream.write({ body });
    return true;
  }
}
