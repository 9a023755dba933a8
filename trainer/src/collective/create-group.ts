import { randomUUID } from 'node:crypto';

import type { JobRef } from '@tuneyard/proto';

import { UserError } from '../errors.js';
import { createGrpcDataPlane } from './grpc-data-plane.js';
import type { GroupEvents } from './group-events.js';
import type { Group } from './group.js';
import { createHttp2DataPlane } from './http2-data-plane.js';
import { PeerGroup } from './peer-group.js';
import type { SilenceSettings } from './silence-watch.js';
import type { TlsIdentity } from './tls-identity.js';

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
  /** Name of the machine that this process runs on, to sum within a machine first; default: not known. */
  readonly node?: string;
  /** Interface to listen on for peers. */
  readonly listenHost: string;
  /** Host that peers dial; default: `listenHost`. */
  readonly advertiseHost?: string;
  /** What peers dial in place of an address (`host:port`) that this process listens on, e.g. a proxy's; default: itself. */
  readonly advertise?: (address: string) => Promise<string>;
  /** Shown by the coordinator: what computes here. */
  readonly backend?: string;
  /** The worker's certificates, for the coordinator and the peers; default: plaintext, for loopback only. */
  readonly tls?: TlsIdentity;
  /** Name in the coordinator's certificate; default `tuneyard-coordinator`. */
  readonly coordinatorName?: string;
  /** What carries the numbers: gRPC straight on node:http2 (default), or stock grpc-js. */
  readonly dataPlane?: 'http2' | 'grpc-js';
  /** When a connection to a peer without a sign of life is given up; defaults in silence-watch.ts. */
  readonly silence?: Partial<SilenceSettings>;
  /** Memory for vectors of `length` elements, e.g. shared with the compute thread; default: private memory. */
  readonly allocate?: (length: number) => Float32Array;
  /** Told that the job was removed, and why: nobody waits for anything from this process. Default: nobody. */
  readonly onDismissed?: (reason: string) => void;
  /** Told of generations, broken links and reconnections; default: nobody. */
  readonly log?: GroupLog;
  /** Told of what can be measured; default: nobody. */
  readonly events?: GroupEvents;
  /** How long to wait for a coordinator that is gone, where nothing can go on without it; default 300 s. */
  readonly coordinatorPatienceSeconds?: number;
  /** How long to wait for the coordinator's first answer; default 60 s. */
  readonly connectTimeoutSeconds?: number;
}

/**
 * This process as a worker of its job. Nothing is sent before `connect()`.
 * @throws UserError for plaintext on anything but loopback
 */
export function createGroup(options: GroupOptions): Group {
  const { listenHost, advertiseHost = listenHost, tls, silence } = options;
  if (tls === undefined && !isLoopback(listenHost))
    throw new UserError(
      `a worker on ${listenHost} needs certificates: without, it listens on loopback only. The controller puts them into its pods (TUNEYARD_IDENTITY names their folder)`,
    );
  const create = options.dataPlane === 'grpc-js' ? createGrpcDataPlane : createHttp2DataPlane;
  return new PeerGroup({ ...options, incarnation: randomUUID() }, (handlers) =>
    create({ listenHost, advertiseHost, tls, silence }, handlers),
  );
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host);
