import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { EmscriptenHeap } from './emscripten-heap.js';
import { item } from '../item.js';
import { dynamicMap, NF4_LEVELS } from '../nf4/codebook.js';
import { wasmGemm, type Gemm } from './gemm.js';
import { loadKernelModule, type KernelModule } from './kernel-module.js';

/** What a fused kernel works with: the tfjs heap, the compiled kernels and the matrix multiplication. */
export class WasmDevice {
  /** The kernels that came compiled to wasm. */
  readonly ownKernels: KernelModule;
  /** The kernels in use: {@link ownKernels}, some of them replaced by faster ones of the machine. */
  kernels: KernelModule;
  /** The product that came with the kernels. */
  readonly ownGemm: Gemm;
  /** The product in use: {@link ownGemm}, or a faster one of the machine. */
  gemm: Gemm;
  /** Byte addresses of the NF4 levels and of the dynamic 8-bit map. */
  readonly nf4Levels: number;
  readonly nf4Map: number;
  readonly #backend: BackendWasm;
  readonly #heap: EmscriptenHeap;

  constructor(backend: BackendWasm, heap: EmscriptenHeap) {
    this.#backend = backend;
    this.#heap = heap;
    this.ownKernels = loadKernelModule(heap.asm.memory);
    this.kernels = this.ownKernels;
    this.ownGemm = wasmGemm(this.ownKernels, this.#allocate(this.ownKernels.gemmScratchBytes()));
    this.gemm = this.ownGemm;
    this.nf4Levels = this.#constant(NF4_LEVELS);
    this.nf4Map = this.#constant(dynamicMap());
  }

  /** The heap; a new view after the heap has grown. */
  get heap(): Uint8Array {
    return this.#heap.HEAPU8;
  }

  /** Byte address of a tensor's first element. */
  address(tensor: TensorInfo): number {
    return this.#backend.dataIdMap.get(tensor.dataId).memoryOffset;
  }

  /** A new float32 tensor, contents undefined. Throws ResourceError when the heap is full. */
  output(shape: number[]): TensorInfo {
    return this.#backend.makeOutput(shape, 'float32');
  }

  /** A new float32 tensor of zeros. */
  zeros(shape: number[]): TensorInfo {
    const tensor = this.output(shape);
    const bytes = shape.reduce((size, d) => size * d, 4);
    this.heap.fill(0, this.address(tensor), this.address(tensor) + bytes);
    return tensor;
  }

  /** Runs `work` with the address of `floats` float32 of scratch, freed afterwards. */
  scratch<T>(floats: number, work: (address: number) => T): T {
    const tensor = this.output([floats]);
    try {
      return work(this.address(tensor));
    } finally {
      this.#backend.disposeData(tensor.dataId);
    }
  }

  #constant(values: Float32Array): number {
    const address = this.#allocate(values.byteLength);
    new Float32Array(this.heap.buffer, address, values.length).set(values);
    return address;
  }

  #allocate(bytes: number): number {
    return this.#heap._malloc(bytes) >>> 0;
  }
}

/** rows and columns of a matrix. */
export function sizes(tensor: TensorInfo): [number, number] {
  return [item(tensor.shape, 0), item(tensor.shape, 1)];
}
