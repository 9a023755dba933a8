import type { FetchStateRequest, PullRequest, StateChunk } from '@tuneyard/proto';

import type { EncodedFrame } from './wire-format.js';

/** Where the frames for one peer go. */
export interface FrameSink {
  /** False = the peer reads more slowly than this; wait for {@link onDrain}. The frame is taken in any case. */
  write(frame: EncodedFrame): boolean;
  /** Runs `writes` so that the frames written in it leave together. */
  batch(writes: () => void): void;
  onDrain(listener: () => void): void;
  /** The peer is gone or has cancelled. */
  onClose(listener: () => void): void;
  /** Ends in good order, after what was written. */
  end(): void;
  /** Ends with FAILED_PRECONDITION (another generation) or PERMISSION_DENIED (a stranger). */
  refuse(code: 'stale' | 'stranger'): void;
}

/** What a member does for its peers. */
export interface PeerHandlers {
  onPull(request: PullRequest, sink: FrameSink): void;
  /** Yields the state from the asked offset on; throws to refuse. */
  onFetchState(request: FetchStateRequest): AsyncIterable<StateChunk>;
}

export interface PullListener {
  /** One message; a view that the listener may keep, until it gives it back to the staging memory (`giveStaging`). */
  onMessage(message: Buffer): void;
  /** The peer has left this generation in good order, or never was in it. */
  onEnd(): void;
  onError(reason: string): void;
}

/** How to reach a peer's Collective service. */
export interface PeerAddress {
  readonly memberId: string;
  readonly incarnation: string;
  readonly address: string;
  readonly bulkAddress: string;
}

/**
 * Carries frames and state between the members of a job, as gRPC on the wire. The receiver dials and pulls.
 * Implementations: grpc-data-plane.ts, http2-data-plane.ts.
 */
export interface DataPlane {
  /** host:port of this member's Collective service. */
  readonly address: string;
  /** host:port for bulk data, or ''. */
  readonly bulkAddress: string;
  /** Opens the stream of frames that `peer` has for us; returns the cancel function. */
  pull(peer: PeerAddress, request: PullRequest, listener: PullListener): () => void;
  /** Ends with an error once `signal` is aborted. */
  fetchState(peer: PeerAddress, request: FetchStateRequest, signal: AbortSignal): AsyncIterable<StateChunk>;
  /** Closes connections to everybody but these. */
  keepOnly(peers: readonly PeerAddress[]): void;
  close(): Promise<void>;
}
