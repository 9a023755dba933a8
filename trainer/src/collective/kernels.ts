import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { UserError } from '../errors.js';

/** Exports of assembly/collective; addresses are bytes in {@link MEMORY}, `bytes` are multiples of {@link LINE_BYTES}. */
interface Kernels {
  addFloats(target: number, left: number, right: number, bytes: number): void;
  checksumLines(state: number, source: number, bytes: number): void;
  roundFloats(target: number, source: number, bytes: number, seed: number, first: number): void;
  addHalves(target: number, left: number, right: number, bytes: number, seed: number, first: number): void;
  widenHalves(target: number, source: number, bytes: number): void;
}

export const LINE_BYTES = 128;
/** Small enough that two of them stay in the first-level cache of the core. */
const BLOCK_BYTES = 1 << 14;
const STATE_AT = 0;
const HEADER_AT = LINE_BYTES;
/** Half a page away from the slots: a core takes a load for a recent store whose address ends in the same 12 bits. */
const LEFT_AT = 4096 + 2048;
const RIGHT_AT = LEFT_AT + BLOCK_BYTES;
const SLOTS_AT = 1 << 16;
/** Before the body; the header stands at its end. */
const SLOT_MARGIN_BYTES = 4096;
const SLOT_BODY_BYTES = 1 << 20;
const SLOT_BYTES = SLOT_MARGIN_BYTES + SLOT_BODY_BYTES;
/** Messages that may be under way or wait for their like at once; what is over gets ordinary memory. */
const SLOTS = 96;
const PAGE_BYTES = 65_536;
const PAGES = Math.ceil((SLOTS_AT + SLOTS * SLOT_BYTES) / PAGE_BYTES);

/** Reserved, not used, until a slot is taken for the first time. Never grows, so views stay valid. */
const MEMORY = new WebAssembly.Memory({ initial: PAGES });
const BYTES = new Uint8Array(MEMORY.buffer);
const LANES = new Uint32Array(MEMORY.buffer, STATE_AT, LINE_BYTES / 4);
const kernels = load();
const free = Array.from({ length: SLOTS }, (_, at) => SLOTS - 1 - at);
const taken = new Uint8Array(SLOTS);

/** target = left + right, element by element, each sum rounded to f32 once. Equal lengths; target may be an operand. */
export function addFloats(target: Float32Array, left: Float32Array, right: Float32Array): void {
  addBlocks(target, left, right, (to, from, and, bytes) => kernels.addFloats(to, from, and, bytes));
}

/** Where the dither of a rounding comes from. */
export interface Dither {
  /** Of the vector as a whole; 32 bits. */
  readonly seed: number;
  /** Place of the first element in the vector, a multiple of 8: the rest of a vector is rounded as in the whole. */
  readonly first: number;
}

/**
 * The upper halves (bf16) of f32 values, each rounded to one of its two neighbours at random, so that the mean is
 * right. The same for the same value, seed and place.
 */
export function roundFloats(target: Uint16Array, source: Float32Array, { seed, first }: Dither): void {
  const block = BLOCK_BYTES / 4;
  for (let at = 0; at < target.length; at += block) {
    const length = Math.min(block, target.length - at);
    const from = place(source, 4 * at, 4 * length, LEFT_AT);
    kernels.roundFloats(RIGHT_AT, from, lines(2 * length), seed, first + at);
    target.set(new Uint16Array(MEMORY.buffer, RIGHT_AT, length), at);
  }
}

/** target = left + right in bf16, each sum made in f32 and rounded as by {@link roundFloats}; target may be an operand. */
export function addHalves(
  target: Uint16Array,
  left: Uint16Array,
  right: Uint16Array,
  { seed, first }: Dither,
): void {
  addBlocks(target, left, right, (to, from, and, bytes, at) =>
    kernels.addHalves(to, from, and, bytes, seed, first + at / 2),
  );
}

/**
 * target = left + right where the kernels find them: all at once when all are staged, else block by block through
 * scratch memory.
 * @param add addresses, their bytes in whole lines, and the byte of the vectors at which the block begins
 */
function addBlocks<Vector extends Float32Array | Uint16Array>(
  target: Vector,
  left: Vector,
  right: Vector,
  add: (target: number, left: number, right: number, bytes: number, at: number) => void,
): void {
  const bytes = target.byteLength;
  const staged = isStaged(target) && isStaged(left) && isStaged(right);
  const block = staged ? bytes : BLOCK_BYTES;
  for (let at = 0; at < bytes; at += block) {
    const length = Math.min(block, bytes - at);
    const to = isStaged(target) ? target.byteOffset + at : LEFT_AT;
    add(to, place(left, at, length, LEFT_AT), place(right, at, length, RIGHT_AT), lines(length), at);
    if (!isStaged(target))
      new Uint8Array(target.buffer, target.byteOffset + at, length).set(BYTES.subarray(to, to + length));
  }
}

/** The f32 values of bf16. */
export function widenHalves(target: Float32Array, source: Uint16Array): void {
  const block = BLOCK_BYTES / 4;
  for (let at = 0; at < source.length; at += block) {
    const length = Math.min(block, source.length - at);
    kernels.widenHalves(LEFT_AT, place(source, 2 * at, 2 * length, RIGHT_AT), lines(2 * length));
    target.set(new Float32Array(MEMORY.buffer, LEFT_AT, length), at);
  }
}

/** A checksum of 64 bits over both; for damage on the way, not against malice. */
export function checksum(
  header: Uint8Array,
  body: Uint8Array,
): { readonly low: number; readonly high: number } {
  for (let lane = 0; lane < LANES.length; lane++)
    LANES[lane] = Math.imul(lane + 1, 0x85ebca6b) ^ body.byteLength;
  BYTES.fill(0, HEADER_AT, HEADER_AT + LINE_BYTES).set(header, HEADER_AT);
  kernels.checksumLines(STATE_AT, HEADER_AT, LINE_BYTES);
  const block = isStaged(body) ? body.byteLength : BLOCK_BYTES;
  for (let at = 0; at < body.byteLength; at += block) {
    const length = Math.min(block, body.byteLength - at);
    const from = place(body, at, length, LEFT_AT);
    BYTES.fill(0, from + length, from + lines(length));
    kernels.checksumLines(STATE_AT, from, lines(length));
  }
  let [low, high] = [0x27d4eb2f, 0x165667b1];
  for (let lane = 0; lane < LANES.length; lane++) {
    const value = LANES[lane] ?? 0;
    low = Math.imul(rotate(low ^ value, 15), 0x85ebca77);
    high = Math.imul(rotate(high, 13) ^ value, 0xc2b2ae3d);
  }
  return { low: (low ^ (low >>> 15)) >>> 0, high: (high ^ (high >>> 16)) >>> 0 };
}

/**
 * Memory for one message of a header and a body that is worth keeping at hand; undefined = none is free, or the body
 * is too large. The body is aligned to 128 bytes. Goes back with {@link giveStaging}.
 */
export function takeStaging(headerBytes: number, bodyBytes: number): Buffer | undefined {
  if (bodyBytes > SLOT_BODY_BYTES || headerBytes > SLOT_MARGIN_BYTES) return undefined;
  const slot = free.pop();
  if (slot === undefined) return undefined;
  taken[slot] = 1;
  const body = SLOTS_AT + slot * SLOT_BYTES + SLOT_MARGIN_BYTES;
  return Buffer.from(MEMORY.buffer, body - headerBytes, headerBytes + bodyBytes);
}

/** Returns the message that `view` is part of; of no effect on other memory, or when it was returned already. */
export function giveStaging(view: ArrayBufferView): void {
  if (!isStaged(view)) return;
  const slot = Math.floor((view.byteOffset - SLOTS_AT) / SLOT_BYTES);
  if (taken[slot] !== 1) return;
  taken[slot] = 0;
  free.push(slot);
}

/** Slots in use now. */
export function stagingInUse(): number {
  return SLOTS - free.length;
}

function isStaged(view: ArrayBufferView): boolean {
  return view.buffer === MEMORY.buffer;
}

/** Where the kernels find bytes at .. at + length - 1 of `values`: where they are, or copied to `scratch`. */
function place(
  values: Float32Array | Uint16Array | Uint8Array,
  at: number,
  length: number,
  scratch: number,
): number {
  if (isStaged(values)) return values.byteOffset + at;
  BYTES.set(new Uint8Array(values.buffer, values.byteOffset + at, length), scratch);
  return scratch;
}

function lines(bytes: number): number {
  return LINE_BYTES * Math.ceil(bytes / LINE_BYTES);
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function load(): Kernels {
  const file = fileURLToPath(new URL('../../build/collective.wasm', import.meta.url));
  if (!existsSync(file))
    throw new UserError(`${file} is missing; run 'npm run build' once in the source folder.`);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file)), {
    env: { memory: MEMORY },
  });
  const { exports } = instance;
  if (!isKernels(exports)) throw new UserError(`${file} is out of date; run 'npm run build:kernels'.`);
  return exports;
}

function isKernels(exports: object): exports is Kernels {
  return 'addFloats' in exports && 'checksumLines' in exports && 'widenHalves' in exports;
}
