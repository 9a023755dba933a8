import type { LibraryHandle } from 'koffi';
import type { Ffi } from '../../support/index.js';
import type { EmscriptenHeap } from './emscripten-heap.js';

export function firstThatLoads(ffi: Ffi, paths: readonly string[]): LibraryHandle | undefined {
  for (const path of paths)
    try {
      return ffi.load(path);
    } catch {
      // Not there, or not a library for this machine: the next one.
    }
  return undefined;
}

/** Address of the heap's first byte in this process; looked up again when the heap has a new buffer. */
export function baseAddress(ffi: Ffi, heap: EmscriptenHeap): () => number {
  let buffer: ArrayBufferLike | undefined;
  let address = 0;
  return () => {
    const current = heap.HEAPU8.buffer;
    if (current !== buffer) {
      buffer = current;
      address = Number(ffi.address(new Uint8Array(current, 0, 8)));
    }
    return address;
  };
}
