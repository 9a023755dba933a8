import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Attributes } from '../../attributes.js';
import { FUSED } from '../../fused-kernels.js';
import { item } from '../../item.js';
import { registerWasm, type DeviceKernel, type Inputs } from '../register.js';
import type { WasmDevice } from '../wasm-device.js';

/** Query rows of one head whose scores exist at a time. */
const BLOCK = 64;

export function registerAttention(device: WasmDevice): void {
  registerWasm(device, FUSED.attention, attention);
  registerWasm(device, FUSED.attentionGrad, attentionGrad);
}

/** Addresses are of the first float of the thing named; pitches in floats. */
interface Call {
  readonly batch: number;
  readonly length: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly scale: number;
  /** 0 = none. */
  readonly softcap: number;
  /** 0 = none. */
  readonly window: number;
  readonly prefix: number;
  readonly q: number;
  readonly k: number;
  readonly v: number;
  readonly prefixKeys: number;
  readonly prefixValues: number;
  /** 0 = none. */
  readonly segments: number;
  readonly qPitch: number;
  readonly kvPitch: number;
}

function readCall(device: WasmDevice, inputs: Inputs, attrs: Attributes): Call {
  const address = (tensor: TensorInfo | undefined): number =>
    tensor === undefined ? 0 : device.address(tensor);
  const prefixKeys = inputs.optional('prefixKeys');
  const [heads, kvHeads, headDim] = [attrs.number('heads'), attrs.number('kvHeads'), attrs.number('headDim')];
  return {
    batch: attrs.number('batch'),
    length: attrs.number('length'),
    heads,
    kvHeads,
    headDim,
    scale: attrs.number('scale'),
    softcap: attrs.optionalNumber('softcap') ?? 0,
    window: attrs.optionalNumber('window') ?? 0,
    prefix: prefixKeys === undefined ? 0 : item(prefixKeys.shape, 0),
    q: device.address(inputs.get('q')),
    k: device.address(inputs.get('k')),
    v: device.address(inputs.get('v')),
    prefixKeys: address(prefixKeys),
    prefixValues: address(inputs.optional('prefixValues')),
    segments: address(inputs.optional('segmentIds')),
    qPitch: heads * headDim,
    kvPitch: kvHeads * headDim,
  };
}

/** One block of query rows of one head of one sequence; offsets in bytes from the start of each array. */
interface Block {
  /** First query row and first key column inside the sequence. */
  readonly r0: number;
  readonly c0: number;
  readonly rows: number;
  readonly keys: number;
  /** Of the block's first row in arrays like q. */
  readonly query: number;
  /** Of the key at c0 in arrays like k. */
  readonly key: number;
  /** Of the key/value head in arrays like prefixKeys. */
  readonly prefixHead: number;
  readonly logSum: number;
  /** Of the sequence in segmentIds. */
  readonly sequence: number;
}

function* blocks(call: Call): Generator<Block> {
  const { batch, length, heads, kvHeads, headDim, window, qPitch, kvPitch } = call;
  for (let b = 0; b < batch; b++)
    for (let h = 0; h < heads; h++)
      for (let r0 = 0; r0 < length; r0 += BLOCK) {
        const rows = Math.min(BLOCK, length - r0);
        const c0 = window > 0 ? Math.max(0, r0 - window + 1) : 0;
        const kvHead = Math.floor((h * kvHeads) / heads) * headDim;
        yield {
          r0,
          c0,
          rows,
          keys: r0 + rows - c0,
          query: 4 * ((b * length + r0) * qPitch + h * headDim),
          key: 4 * ((b * length + c0) * kvPitch + kvHead),
          prefixHead: 4 * kvHead,
          logSum: 4 * ((b * heads + h) * length + r0),
          sequence: 4 * b * length,
        };
      }
}

const attention: DeviceKernel = (device, inputs, attrs) => {
  const call = readCall(device, inputs, attrs);
  const { batch, length, heads, prefix, qPitch } = call;
  const [y, logSums] = [device.output([batch * length, qPitch]), device.output([batch * heads * length])];
  const pitch = prefix + length;
  device.scratch(BLOCK * pitch, (scores) => {
    for (const block of blocks(call)) {
      computeScores(device, call, block, scores, pitch);
      device.kernels.softmaxRows(
        scores,
        pitch,
        block.rows,
        block.r0,
        block.c0,
        prefix,
        block.keys,
        call.scale,
        call.softcap,
        call.window,
        call.segments === 0 ? 0 : call.segments + block.sequence,
        device.address(logSums) + block.logSum,
      );
      timesKeys(
        device,
        call,
        block,
        scores,
        pitch,
        call.v,
        call.prefixValues,
        device.address(y) + block.query,
      );
    }
  });
  return [y, logSums];
};

/** scores [rows, prefix + keys] = q k^T of the block. */
function computeScores(device: WasmDevice, call: Call, block: Block, scores: number, pitch: number): void {
  timesKeysTransposed(device, call, block, call.q + block.query, call.k, call.prefixKeys, scores, pitch);
}

/** out [rows, prefix + keys] = x (prefix ++ keys)^T for x shaped like the block's queries. */
function timesKeysTransposed(
  device: WasmDevice,
  { headDim, prefix, qPitch, kvPitch }: Call,
  block: Block,
  x: number,
  keys: number,
  prefixKeys: number,
  out: number,
  pitch: number,
): void {
  const common = { m: block.rows, k: headDim, a: x, lda: qPitch, ldb: kvPitch, transB: true, ldc: pitch };
  if (prefix > 0) device.gemm({ ...common, n: prefix, b: prefixKeys + block.prefixHead, c: out });
  device.gemm({ ...common, n: block.keys, b: keys + block.key, c: out + 4 * prefix });
}

/** out, shaped like the block's queries, = p (prefix ++ keys) for p [rows, prefix + keys]. */
function timesKeys(
  device: WasmDevice,
  { headDim, prefix, qPitch, kvPitch }: Call,
  block: Block,
  p: number,
  pitch: number,
  keys: number,
  prefixKeys: number,
  out: number,
): void {
  const common = { m: block.rows, n: headDim, lda: pitch, ldb: kvPitch, c: out, ldc: qPitch };
  device.gemm({ ...common, k: block.keys, a: p + 4 * prefix, b: keys + block.key });
  if (prefix > 0) device.gemm({ ...common, k: prefix, a: p, b: prefixKeys + block.prefixHead, beta: 1 });
}

/** Adds p^T x to gradients shaped like the keys and the prefix keys. */
function addTransposed(
  device: WasmDevice,
  { headDim, prefix, qPitch, kvPitch }: Call,
  block: Block,
  p: number,
  pitch: number,
  x: number,
  target: number,
  prefixTarget: number,
): void {
  const common = {
    n: headDim,
    k: block.rows,
    lda: pitch,
    transA: true,
    b: x,
    ldb: qPitch,
    beta: 1,
    ldc: kvPitch,
  };
  device.gemm({ ...common, m: block.keys, a: p + 4 * prefix, c: target + block.key });
  if (prefix > 0) device.gemm({ ...common, m: prefix, a: p, c: prefixTarget + block.prefixHead });
}

const attentionGrad: DeviceKernel = (device, inputs, attrs) => {
  const call = readCall(device, inputs, attrs);
  const { batch, length, prefix, softcap, qPitch, kvPitch } = call;
  const dy = device.address(inputs.get('dy'));
  const logSums = device.address(inputs.get('logSums'));
  const n = batch * length;
  const [dq, dk, dv] = [device.output([n, qPitch]), device.zeros([n, kvPitch]), device.zeros([n, kvPitch])];
  const prefixes = prefix > 0 ? [device.zeros([prefix, kvPitch]), device.zeros([prefix, kvPitch])] : [];
  const [dPrefixKeys = 0, dPrefixValues = 0] = prefixes.map((tensor) => device.address(tensor));
  const pitch = prefix + length;
  const size = BLOCK * pitch;
  device.scratch((softcap === 0 ? 2 : 3) * size, (scratch) => {
    const [p, ds, slopes] = [scratch, scratch + 4 * size, softcap === 0 ? 0 : scratch + 8 * size];
    for (const block of blocks(call)) {
      const { rows, r0, c0, keys } = block;
      const dyBlock = dy + block.query;
      computeScores(device, call, block, p, pitch);
      device.kernels.softmaxAgain(
        p,
        slopes,
        pitch,
        rows,
        r0,
        c0,
        prefix,
        keys,
        call.scale,
        softcap,
        call.window,
        call.segments === 0 ? 0 : call.segments + block.sequence,
        logSums + block.logSum,
      );
      addTransposed(device, call, block, p, pitch, dyBlock, device.address(dv), dPrefixValues);
      timesKeysTransposed(device, call, block, dyBlock, call.v, call.prefixValues, ds, pitch);
      device.kernels.softmaxGrad(p, ds, slopes, pitch, rows, prefix + r0 - c0 + 1, prefix + keys, call.scale);
      timesKeys(device, call, block, ds, pitch, call.k, call.prefixKeys, device.address(dq) + block.query);
      addTransposed(device, call, block, ds, pitch, call.q + block.query, device.address(dk), dPrefixKeys);
    }
  });
  return [dq, dk, dv, ...prefixes];
};
