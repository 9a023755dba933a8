import * as tf from '@tensorflow/tfjs-core';
import { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { MemoryPart } from '@tuneyard/proto/memory';

/** Bytes by what they are for. */
export type BytesByPart = Readonly<Record<MemoryPart, number>>;

/** What we use of the Emscripten module: its allocator. */
interface Allocator {
  _malloc: (bytes: number) => number;
  _free: (address: number) => void;
  readonly asm: { readonly free: (address: number) => void };
}

interface Block {
  readonly bytes: number;
  readonly part: MemoryPart;
}

export const NOTHING: BytesByPart = { weights: 0, adapter: 0, optimizer: 0, activations: 0, logits: 0 };
const attached = new WeakMap<BackendWasm, HeapMeter>();

/** Kernels whose allocations belong to a part of their own, whoever runs them. */
const PARTS_OF_KERNELS: readonly (readonly [RegExp, MemoryPart])[] = [
  [/CrossEntropy/i, 'logits'],
  [/Nf4/i, 'weights'],
];

/**
 * Counts every block of the wasm backend's heap, tensors and scratch alike, from the moment it is attached, and
 * remembers what the heap held when it was fullest. Costs a map entry an allocation; for reports, not for every run.
 */
export class HeapMeter {
  private readonly blocks = new Map<number, Block>();
  private readonly held: Record<MemoryPart, number> = { ...NOTHING };
  private total = 0;
  private part: MemoryPart = 'activations';
  private fullest: BytesByPart = NOTHING;
  private fullestTotal = 0;

  /** The meter of the backend in use, or undefined when that is not `wasm`. Sees what is allocated from now on. */
  static attach(): HeapMeter | undefined {
    const backend = tf.backend();
    if (!(backend instanceof BackendWasm)) return undefined;
    const known = attached.get(backend);
    if (known) return known;
    const heap: unknown = backend.wasm;
    if (!isAllocator(heap)) return undefined;
    const meter = new HeapMeter(heap);
    attached.set(backend, meter);
    return meter;
  }

  private constructor(heap: Allocator) {
    const allocate = heap._malloc;
    // Not heap._free: before its first call that is a stub, which would put the plain function in its own place.
    const release = heap.asm.free;
    heap._malloc = (bytes) => {
      const address = allocate(bytes);
      this.add(address >>> 0, bytes);
      return address;
    };
    heap._free = (address) => {
      this.remove(address >>> 0);
      release(address);
    };
    const engine = tf.engine();
    const run = engine.runKernel.bind(engine);
    engine.runKernel = (name, inputs, attrs) =>
      this.during(PARTS_OF_KERNELS.find(([pattern]) => pattern.test(name))?.[1] ?? this.part, () =>
        run(name, inputs, attrs),
      );
  }

  /** Books what `work` allocates to `part`. */
  during<T>(part: MemoryPart, work: () => T): T {
    const before = this.part;
    this.part = part;
    try {
      return work();
    } finally {
      this.part = before;
    }
  }

  /** What the heap held, by part, at its fullest moment since the last {@link restart}. */
  get peak(): BytesByPart {
    return this.fullest;
  }

  restart(): void {
    this.fullest = { ...this.held };
    this.fullestTotal = this.total;
  }

  private add(address: number, bytes: number): void {
    this.blocks.set(address, { bytes, part: this.part });
    this.held[this.part] += bytes;
    this.total += bytes;
    if (this.total > this.fullestTotal) this.restart();
  }

  private remove(address: number): void {
    const block = this.blocks.get(address);
    if (!block) return;
    this.blocks.delete(address);
    this.held[block.part] -= block.bytes;
    this.total -= block.bytes;
  }
}

function isAllocator(module: unknown): module is Allocator {
  if (typeof module !== 'object' || module === null) return false;
  if (!('_malloc' in module && '_free' in module && 'asm' in module)) return false;
  const { asm } = module;
  return typeof asm === 'object' && asm !== null && 'free' in asm && typeof asm.free === 'function';
}
