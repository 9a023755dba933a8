import type { FetchStateRequest, PullRequest, StateChunk } from '@tuneyard/proto';

import type { DataPlane, PeerAddress, PeerHandlers, PullListener } from './data-plane.js';
import { createGrpcDataPlane, type GrpcDataPlaneOptions } from './grpc-data-plane.js';
import { Http2PullClient } from './http2-pull-client.js';
import { createHttp2PullServer, type Http2PullServer } from './http2-pull-server.js';
import { DEFAULT_SILENCE_SETTINGS } from './silence-watch.js';

/** State over stock grpc-js; frames as gRPC straight on node:http2, on a port of their own. */
export async function createHttp2DataPlane(
  options: GrpcDataPlaneOptions,
  handlers: PeerHandlers,
): Promise<DataPlane> {
  const { listenHost, advertiseHost, tls } = options;
  const silence = { ...DEFAULT_SILENCE_SETTINGS, ...options.silence };
  const server = await createHttp2PullServer(listenHost, advertiseHost, tls, silence, handlers);
  const grpc = await createGrpcDataPlane(options, handlers);
  return new Http2DataPlane(grpc, server, new Http2PullClient(tls, silence));
}

class Http2DataPlane implements DataPlane {
  constructor(
    private readonly grpc: DataPlane,
    private readonly server: Http2PullServer,
    private readonly client: Http2PullClient,
  ) {}

  get address(): string {
    return this.grpc.address;
  }

  get bulkAddress(): string {
    return this.server.address;
  }

  /** A peer without a bulk port is pulled from where it is. */
  pull(peer: PeerAddress, request: PullRequest, listener: PullListener): () => void {
    return peer.bulkAddress === ''
      ? this.grpc.pull(peer, request, listener)
      : this.client.pull(peer, request, listener);
  }

  fetchState(peer: PeerAddress, request: FetchStateRequest, signal: AbortSignal): AsyncIterable<StateChunk> {
    return this.grpc.fetchState(peer, request, signal);
  }

  keepOnly(peers: readonly PeerAddress[]): void {
    this.grpc.keepOnly(peers);
    this.client.keepOnly(peers);
  }

  async close(): Promise<void> {
    this.client.keepOnly([]);
    this.server.close();
    await this.grpc.close();
  }
}
