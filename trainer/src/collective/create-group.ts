import { randomUUID } from 'node:crypto';

import type { ChannelCredentials } from '@grpc/grpc-js';
import type { JobRef } from '@tuneyard/proto';

import { createGrpcDataPlane, type PeerCredentials } from './grpc-data-plane.js';
import type { Group } from './group.js';
import { PeerGroup } from './peer-group.js';

/** The part of a logger that the group uses. */
export interface GroupLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface GroupOptions {
  /** `host:port` of the controller's coordinator. */
  readonly coordinatorAddress: string;
  readonly job: JobRef;
  /** The job's secret, for the coordinator and the peers. */
  readonly token: string;
  /** Stable over restarts of the pod. */
  readonly memberId: string;
  /** Interface to listen on for peers. */
  readonly listenHost: string;
  /** Host that peers dial; default: `listenHost`. */
  readonly advertiseHost?: string;
  /** Shown by the coordinator: what computes here. */
  readonly backend?: string;
  /** Default: plaintext, for loopback only. */
  readonly coordinatorCredentials?: ChannelCredentials;
  /** Default: plaintext, for loopback only. */
  readonly peerCredentials?: PeerCredentials;
  /** Memory for vectors of `length` elements, e.g. shared with the compute thread; default: private memory. */
  readonly allocate?: (length: number) => Float32Array;
  /** Told of generations, broken links and reconnections; default: nobody. */
  readonly log?: GroupLog;
  /** How long to wait for the coordinator's first answer; default 60 s. */
  readonly connectTimeoutSeconds?: number;
}

/** This process as a worker of its job. Nothing is sent before `connect()`. */
export function createGroup(options: GroupOptions): Group {
  return new PeerGroup({ ...options, incarnation: randomUUID() }, (handlers) =>
    createGrpcDataPlane(
      {
        listenHost: options.listenHost,
        advertiseHost: options.advertiseHost ?? options.listenHost,
        credentials: options.peerCredentials,
      },
      handlers,
    ),
  );
}
