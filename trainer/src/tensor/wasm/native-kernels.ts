import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { LibraryHandle } from 'koffi';
import type { EmscriptenHeap } from './emscripten-heap.js';
import { loadFfi } from '../../support/index.js';
import { baseAddress } from './ffi.js';
import type { Gemm } from './gemm.js';
import type { KernelModule } from './kernel-module.js';
import { thinProducts } from './thin-products.js';
import { instructionSet, processorInfo, type InstructionSet } from './processor.js';

/** Kernels of trainer/native that take the place of the wasm ones of the same name, on the same heap. */
export interface NativeKernels {
  readonly kernels: Partial<KernelModule>;
  /** The product given, with those of low-rank factors done by a kernel made for them. */
  readonly withThinProducts: (gemm: Gemm) => Gemm;
  /** For logs: `C kernels for avx512`. */
  readonly description: string;
}

/** Arguments of each: p = address in the heap, 0 = none; i = int; f = float. `:d` = returns a double. */
const SIGNATURES = {
  add: 'pppi',
  multiply: 'pppi',
  swiglu: 'pppi',
  swigluGrad: 'pppppi',
  geglu: 'pppi',
  gegluGrad: 'pppppi',
  gelu: 'ppi',
  geluGrad: 'pppi',
  rmsNorm: 'ppppiiff',
  rmsNormGrad: 'ppppppiif',
  layerNorm: 'pppppiif',
  layerNormGrad: 'pppppppii',
  rope: 'pppppiiif',
  softmaxRows: 'piiiiiiffipp',
  softmaxAgain: 'ppiiiiiiffipp',
  softmaxGrad: 'pppiiiif',
  crossEntropyRows: 'ppiifp:d',
  nf4Weights: 'ppppi',
} as const satisfies Partial<Record<keyof KernelModule, string>>;

const TYPES: Readonly<Record<string, string>> = { p: 'uintptr_t', i: 'int', f: 'float' };
/** What a processor can run, best first. */
const FALLBACKS: Readonly<Record<InstructionSet, readonly InstructionSet[]>> = {
  avx512: ['avx512', 'avx2', 'plain'],
  avx2: ['avx2', 'plain'],
  plain: ['plain'],
};

/** Loads the C kernels that `npm run build` made for this processor; undefined when there are none. */
export async function loadNativeKernels(heap: EmscriptenHeap): Promise<NativeKernels | undefined> {
  const name = FALLBACKS[instructionSet(processorInfo())].find((variant) => existsSync(fileOf(variant)));
  const ffi = name === undefined ? undefined : await loadFfi();
  if (name === undefined || ffi === undefined) return undefined;
  try {
    const [library, base] = [ffi.load(fileOf(name)), baseAddress(ffi, heap)];
    return {
      kernels: bind(library, base),
      // The kernels keep twelve sums of sixteen floats in registers, which only this processor has.
      withThinProducts: name === 'avx512' ? thinProducts(library, base) : (gemm) => gemm,
      description: `C kernels for ${name}`,
    };
  } catch {
    // Built for another system or by another version of the sources.
    return undefined;
  }
}

function fileOf(variant: InstructionSet): string {
  return fileURLToPath(new URL(`../../../build/native/kernels-${variant}.so`, import.meta.url));
}

function bind(library: LibraryHandle, base: () => number): Partial<KernelModule> {
  const bound = Object.entries(SIGNATURES).map(([name, signature]) => {
    const [letters = '', result] = signature.split(':');
    const types = Array.from(letters, (letter) => TYPES[letter] ?? 'int');
    const call = library.func(`tuneyard_${name}`, result === 'd' ? 'double' : 'void', types);
    const pointers = Array.from(letters).flatMap((letter, index) => (letter === 'p' ? [index] : []));
    return [name, onHeap(call, pointers, base)] as const;
  });
  return Object.fromEntries(bound);
}

/** Turns heap addresses into addresses of the process. */
function onHeap(
  call: (...args: number[]) => number,
  pointers: readonly number[],
  base: () => number,
): (...args: number[]) => number {
  return (...args) => {
    const at = base();
    for (const index of pointers) {
      const address = args[index] ?? 0;
      if (address !== 0) args[index] = at + address;
    }
    return call(...args);
  };
}
