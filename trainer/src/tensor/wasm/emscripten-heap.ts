import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';

/** What we use of the Emscripten module behind the wasm backend; its own types are not published. */
export interface EmscriptenHeap {
  /** Address of a new block, as a signed 32-bit number; 0 = no memory. */
  _malloc(bytes: number): number;
  /** Replaced by a longer view when the heap grows. */
  readonly HEAPU8: Uint8Array;
  readonly asm: { readonly memory: WebAssembly.Memory; readonly malloc: (bytes: number) => number };
}

/** The heap of the backend. Throws when a version of tfjs lays it out differently. */
export function emscriptenHeap(backend: BackendWasm): EmscriptenHeap {
  const module: unknown = backend.wasm;
  if (!isHeap(module)) throw new Error('this version of the wasm backend hides its memory');
  return module;
}

function isHeap(module: unknown): module is EmscriptenHeap {
  if (typeof module !== 'object' || module === null) return false;
  if (!('_malloc' in module && 'HEAPU8' in module && 'asm' in module)) return false;
  const { asm } = module;
  if (typeof asm !== 'object' || asm === null || !('memory' in asm && 'malloc' in asm)) return false;
  return asm.memory instanceof WebAssembly.Memory && typeof asm.malloc === 'function';
}
