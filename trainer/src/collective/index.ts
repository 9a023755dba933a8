export { createGroup, type GroupLog, type GroupOptions } from './create-group.js';
export type { GroupEvents } from './group-events.js';
export type { Group, Scalars, SharedResult, SharedWork, StateHolder, SumTimings } from './group.js';
export { TlsIdentity, type TlsMaterial } from './tls-identity.js';
export type { DataPlane, FrameSink, PeerAddress, PeerHandlers } from './data-plane.js';
export { deal } from './deal.js';
export { PeerGroup } from './peer-group.js';
export { createHttp2DataPlane } from './http2-data-plane.js';
export { addFloats, giveStaging } from './kernels.js';
export { apart, routesOf, type Route } from './routes.js';
export { chunksOf, segmentsOf } from './segments.js';
export {
  decodeFrame,
  encodeFrame,
  FrameDtype,
  FrameKind,
  HEADER_BYTES,
  type EncodedFrame,
  type Frame,
} from './wire-format.js';
