import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { UserError } from '../../errors.js';

/**
 * The exports of assembly/index.ts, compiled to build/kernels.wasm. All pointers are byte addresses in the tfjs heap;
 * sizes count floats.
 */
export interface KernelModule {
  gemmScratchBytes(): number;
  gemm(
    transA: boolean,
    transB: boolean,
    m: number,
    n: number,
    k: number,
    alpha: number,
    a: number,
    lda: number,
    b: number,
    ldb: number,
    beta: number,
    c: number,
    ldc: number,
    scratch: number,
  ): void;
  add(a: number, b: number, c: number, size: number): void;
  multiply(a: number, b: number, c: number, size: number): void;
  scale(a: number, factor: number, c: number, size: number): void;
  repeatRow(row: number, y: number, rows: number, columns: number): void;
  columnSums(x: number, sums: number, rows: number, columns: number): void;
  scatterRows(source: number, ids: number, target: number, n: number, columns: number): void;
  gatherRows(table: number, ids: number, y: number, n: number, count: number, columns: number): void;
  rmsNorm(
    x: number,
    w: number,
    y: number,
    inverse: number,
    n: number,
    d: number,
    eps: number,
    offset: number,
  ): void;
  rmsNormGrad(
    x: number,
    w: number,
    inverse: number,
    dy: number,
    dx: number,
    dw: number,
    n: number,
    d: number,
    offset: number,
  ): void;
  layerNorm(
    x: number,
    w: number,
    b: number,
    y: number,
    stats: number,
    n: number,
    d: number,
    eps: number,
  ): void;
  layerNormGrad(
    x: number,
    w: number,
    stats: number,
    dy: number,
    dx: number,
    dw: number,
    db: number,
    n: number,
    d: number,
  ): void;
  swiglu(gate: number, up: number, y: number, size: number): void;
  swigluGrad(gate: number, up: number, dy: number, dGate: number, dUp: number, size: number): void;
  geglu(gate: number, up: number, y: number, size: number): void;
  gegluGrad(gate: number, up: number, dy: number, dGate: number, dUp: number, size: number): void;
  gelu(x: number, y: number, size: number): void;
  geluGrad(x: number, dy: number, dx: number, size: number): void;
  rope(
    x: number,
    y: number,
    cos: number,
    sin: number,
    positions: number,
    n: number,
    heads: number,
    half: number,
    sign: number,
  ): void;
  softmaxRows(
    scores: number,
    ld: number,
    rows: number,
    r0: number,
    c0: number,
    prefix: number,
    keys: number,
    scale: number,
    softcap: number,
    window: number,
    segments: number,
    logSums: number,
  ): void;
  softmaxAgain(
    scores: number,
    slopes: number,
    ld: number,
    rows: number,
    r0: number,
    c0: number,
    prefix: number,
    keys: number,
    scale: number,
    softcap: number,
    window: number,
    segments: number,
    logSums: number,
  ): void;
  softmaxGrad(
    probabilities: number,
    gradient: number,
    slopes: number,
    ld: number,
    rows: number,
    first: number,
    columns: number,
    scale: number,
  ): void;
  crossEntropyRows(
    logits: number,
    labels: number,
    rows: number,
    columns: number,
    softcap: number,
    row: number,
  ): number;
  dropoutMask(
    mask: number,
    size: number,
    key0: number,
    key1: number,
    stream: number,
    threshold: number,
    keep: number,
  ): void;
  nf4Scales(
    codes: number,
    superScales: number,
    offset: number,
    map: number,
    scales: number,
    count: number,
  ): void;
  nf4Weights(packed: number, scales: number, levels: number, weights: number, size: number): void;
}

export interface KernelModuleOptions {
  /** Multiply and add in one rounding (relaxed SIMD): faster products, other last bits. Default: where the engine can. */
  readonly fused?: boolean;
}

/**
 * Compiles build/kernels.wasm, or its twin with fused multiply-add, and binds it to `memory`. Throws UserError when the
 * file has not been built.
 */
export function loadKernelModule(
  memory: WebAssembly.Memory,
  { fused = runsRelaxedSimd() }: KernelModuleOptions = {},
): KernelModule {
  const file = built(fused ? 'kernels-relaxed.wasm' : 'kernels.wasm');
  const module = new WebAssembly.Module(readBuilt(file));
  // A logarithm of its own would bring a table of data into the heap.
  const instance = new WebAssembly.Instance(module, { env: { memory, 'Math.log': Math.log } });
  if (!isKernelModule(instance.exports))
    throw new UserError(`${file} is out of date; run 'npm run build:kernels'.`);
  return instance.exports;
}

/** Whether this engine compiles relaxed SIMD. Node 20 has it finished, but behind a flag; later ones have it on. */
export function runsRelaxedSimd(): boolean {
  const bytes = readBuilt(built('kernels-relaxed.wasm'));
  if (WebAssembly.validate(bytes)) return true;
  setFlagsFromString('--experimental-wasm-relaxed-simd');
  return WebAssembly.validate(bytes);
}

function built(name: string): string {
  return fileURLToPath(new URL(`../../../build/${name}`, import.meta.url));
}

function readBuilt(file: string): Uint8Array<ArrayBuffer> {
  if (!existsSync(file))
    throw new UserError(`${file} is missing; run 'npm run build' once in the source folder.`);
  return new Uint8Array(readFileSync(file));
}

function isKernelModule(exports: object): exports is KernelModule {
  return KERNELS.every((name) => name in exports);
}

const KERNELS: readonly (keyof KernelModule)[] = [
  'gemmScratchBytes',
  'gemm',
  'add',
  'multiply',
  'scale',
  'repeatRow',
  'columnSums',
  'scatterRows',
  'gatherRows',
  'rmsNorm',
  'rmsNormGrad',
  'layerNorm',
  'layerNormGrad',
  'swiglu',
  'swigluGrad',
  'geglu',
  'gegluGrad',
  'gelu',
  'geluGrad',
  'rope',
  'softmaxRows',
  'softmaxAgain',
  'softmaxGrad',
  'crossEntropyRows',
  'dropoutMask',
  'nf4Scales',
  'nf4Weights',
];
