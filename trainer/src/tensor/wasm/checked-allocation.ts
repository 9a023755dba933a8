import { ResourceError } from '../../errors.js';
import type { EmscriptenHeap } from './emscripten-heap.js';

const MIB = 2 ** 20;

/**
 * Makes a failed allocation an error. The stock backend ignores it and writes to address 0, over other tensors.
 * Replaces the allocator that the backend calls for every tensor.
 */
export function checkAllocations(heap: EmscriptenHeap): void {
  // Not heap._malloc: before its first call that is a stub, which would put the unchecked function in its own place.
  const allocate = heap.asm.malloc;
  heap._malloc = (bytes) => {
    const address = allocate(bytes);
    if (address === 0 && bytes > 0) throw new ResourceError(outOfMemory(bytes, heap.HEAPU8.length));
    return address;
  };
}

function outOfMemory(bytes: number, heap: number): string {
  return (
    `Out of memory: a tensor of ${(bytes / MIB).toFixed(1)} MiB does not fit into the heap of the wasm backend ` +
    `(${Math.round(heap / MIB)} MiB in use or fragmented, 4096 MiB at most); lower the micro-batch size or the ` +
    `sequence length, turn on gradient checkpointing, or use a quantized base model.`
  );
}
