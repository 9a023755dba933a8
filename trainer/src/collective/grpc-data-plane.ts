import { Server, Metadata, status, type ClientOptions, type ServerWritableStream } from '@grpc/grpc-js';
import {
  CollectiveClient,
  CollectiveService,
  type FetchStateRequest,
  type PullRequest,
  type StateChunk,
} from '@tuneyard/proto';

import type { DataPlane, FrameSink, PeerAddress, PeerHandlers, PullListener } from './data-plane.js';
import { staged } from './message-assembler.js';
import type { SilenceSettings } from './silence-watch.js';
import { channelCredentials, nameOptions, serverCredentials, type TlsIdentity } from './tls-identity.js';
import { HEADER_BYTES, MAX_BODY_BYTES, type EncodedFrame } from './wire-format.js';

const MAX_MESSAGE_BYTES = MAX_BODY_BYTES + 4096;
const FLOW_CONTROL_WINDOW_BYTES = 8 << 20;

const CHANNEL_OPTIONS: ClientOptions = {
  'grpc-node.flow_control_window': FLOW_CONTROL_WINDOW_BYTES,
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  // A state is fetched once: its connection is not kept afterwards. grpc-js would keep it for half an hour.
  'grpc.client_idle_timeout_ms': 5000,
  // Retries would keep a copy of every message.
  'grpc.enable_retries': 0,
  'grpc.enable_channelz': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.enable_http_proxy': 0,
  'grpc.use_local_subchannel_pool': 1,
  // A half-open connection shows after this; who is dead is the coordinator's to say.
  'grpc.keepalive_time_ms': 1000,
  'grpc.keepalive_timeout_ms': 2000,
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 1000,
};

export interface GrpcDataPlaneOptions {
  readonly listenHost: string;
  /** Host that peers dial. */
  readonly advertiseHost: string;
  /** Default: plaintext, for loopback only. */
  readonly tls?: TlsIdentity | undefined;
  /** When a connection without a sign of life is given up. */
  readonly silence?: Partial<SilenceSettings> | undefined;
}

/** `Pull` with messages as they are: no protobuf decoding of the numbers. */
const rawPull = {
  ...CollectiveService.pull,
  responseSerialize: (message: Buffer): Buffer => message,
  responseDeserialize: (message: Buffer): Buffer => message,
};

/** grpc-js copies what a serializer returns before it asks for the next message. */
const serialized = Buffer.allocUnsafeSlow(HEADER_BYTES + MAX_BODY_BYTES);
const servedPull = {
  ...CollectiveService.pull,
  responseSerialize: ({ header, body }: EncodedFrame): Buffer => {
    serialized.set(header);
    serialized.set(body, header.byteLength);
    return serialized.subarray(0, header.byteLength + body.byteLength);
  },
  responseDeserialize: (): EncodedFrame => {
    throw new Error('only served');
  },
};

/** Everything over stock grpc-js. */
export async function createGrpcDataPlane(
  options: GrpcDataPlaneOptions,
  handlers: PeerHandlers,
): Promise<DataPlane> {
  const server = new Server({
    'grpc.max_receive_message_length': 64 * 1024,
    // Without channelz, grpc-js 1.14 forgets its connections and forceShutdown leaves them open.
    'grpc.enable_channelz': 1,
    'grpc.max_concurrent_streams': 256,
    // A client that is gone without having said so is forgotten.
    'grpc.keepalive_time_ms': 10_000,
    'grpc.keepalive_timeout_ms': 10_000,
  });
  server.addService(
    { pull: servedPull, fetchState: CollectiveService.fetchState },
    {
      pull: (call: ServerWritableStream<PullRequest, EncodedFrame>) => {
        call.sendMetadata(new Metadata());
        handlers.onPull(call.request, new CallSink(call));
      },
      fetchState: (call: ServerWritableStream<FetchStateRequest, StateChunk>) =>
        void serveState(call, handlers),
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${options.listenHost}:0`, serverCredentials(options.tls), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return new GrpcDataPlane(server, `${options.advertiseHost}:${port}`, options);
}

class GrpcDataPlane implements DataPlane {
  readonly bulkAddress = '';
  readonly #clients = new Map<string, CollectiveClient>();

  constructor(
    private readonly server: Server,
    readonly address: string,
    private readonly options: GrpcDataPlaneOptions,
  ) {}

  pull(peer: PeerAddress, request: PullRequest, listener: PullListener): () => void {
    const call = this.#clientOf(peer).makeServerStreamRequest(
      rawPull.path,
      rawPull.requestSerialize,
      rawPull.responseDeserialize,
      request,
    );
    let cancelled = false;
    call.on('data', (message: Buffer) => listener.onMessage(staged(message, HEADER_BYTES)));
    call.on('end', () => {});
    call.on('error', () => {});
    call.on('status', ({ code, details }) => {
      if (cancelled) return;
      if (code === status.OK || code === status.FAILED_PRECONDITION) listener.onEnd();
      else listener.onError(`${status[code]}: ${details}`);
    });
    return () => {
      cancelled = true;
      call.cancel();
    };
  }

  async *fetchState(
    peer: PeerAddress,
    request: FetchStateRequest,
    signal: AbortSignal,
  ): AsyncIterable<StateChunk> {
    const call = this.#clientOf(peer).fetchState(request);
    const cancel = (): void => call.cancel();
    signal.addEventListener('abort', cancel);
    if (signal.aborted) cancel();
    try {
      yield* call;
    } finally {
      signal.removeEventListener('abort', cancel);
      cancel();
    }
  }

  keepOnly(peers: readonly PeerAddress[]): void {
    const keep = new Set(peers.map((peer) => this.#keyOf(peer)));
    for (const [key, client] of this.#clients) {
      if (keep.has(key)) continue;
      this.#clients.delete(key);
      client.close();
    }
  }

  close(): Promise<void> {
    this.keepOnly([]);
    this.server.forceShutdown();
    return Promise.resolve();
  }

  /** With newer certificates, a new connection. */
  #keyOf({ memberId, incarnation, address }: PeerAddress): string {
    return `${memberId} ${incarnation} ${address} ${this.options.tls?.version ?? ''}`;
  }

  #clientOf(peer: PeerAddress): CollectiveClient {
    const key = this.#keyOf(peer);
    let client = this.#clients.get(key);
    if (client === undefined) {
      client = new CollectiveClient(peer.address, channelCredentials(this.options.tls), {
        ...CHANNEL_OPTIONS,
        ...nameOptions(this.options.tls, peer.memberId),
      });
      this.#clients.set(key, client);
    }
    return client;
  }
}

/** A peer's pull as grpc-js serves it. */
class CallSink implements FrameSink {
  #ended = false;

  constructor(private readonly call: ServerWritableStream<PullRequest, EncodedFrame>) {
    call.on('error', () => {});
  }

  write(frame: EncodedFrame): boolean {
    return this.#ended || this.call.write(frame);
  }

  batch(writes: () => void): void {
    writes();
  }

  onDrain(listener: () => void): void {
    this.call.on('drain', listener);
  }

  onClose(listener: () => void): void {
    this.call.on('cancelled', listener);
    this.call.on('close', listener);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.call.end();
  }

  refuse(code: 'stale' | 'stranger'): void {
    if (this.#ended) return;
    this.#ended = true;
    this.call.emit('error', {
      code: code === 'stale' ? status.FAILED_PRECONDITION : status.PERMISSION_DENIED,
      details: code === 'stale' ? 'this generation is over' : 'not a member of this job',
    });
  }
}

async function serveState(
  call: ServerWritableStream<FetchStateRequest, StateChunk>,
  handlers: PeerHandlers,
): Promise<void> {
  call.on('error', () => {});
  try {
    for await (const chunk of handlers.onFetchState(call.request)) {
      if (call.cancelled) return;
      if (!call.write(chunk)) await drained(call);
    }
    call.end();
  } catch (error) {
    const details = error instanceof Error ? error.message : String(error);
    call.emit('error', { code: status.UNAVAILABLE, details });
  }
}

function drained(call: ServerWritableStream<FetchStateRequest, StateChunk>): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      call.off('drain', done);
      call.off('cancelled', done);
      call.off('close', done);
      resolve();
    };
    call.on('drain', done);
    call.on('cancelled', done);
    call.on('close', done);
  });
}
