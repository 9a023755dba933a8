import type { BytesByPart, HeapMeter } from './heap-meter.js';
import { NOTHING } from './heap-meter.js';

/** What the largest gradient pass held at its fullest moment. */
export interface MeasuredPass {
  /** Sequences, and tokens of each, padding included. */
  readonly batch: number;
  readonly length: number;
  readonly parts: BytesByPart;
}

/** Measures gradient passes: heap of the backend plus what lies beside it in host memory. */
export class PassRecorder {
  private largestPass: MeasuredPass | undefined;

  /** @param beside bytes in host memory that are held all the time. */
  constructor(
    private readonly meter: HeapMeter,
    private readonly beside: Partial<BytesByPart>,
  ) {}

  get largest(): MeasuredPass | undefined {
    return this.largestPass;
  }

  /**
   * Runs one gradient pass.
   * @param upload puts the trained values on the backend, where the pass finds them.
   */
  measure<T>(
    size: { readonly batch: number; readonly length: number },
    upload: () => void,
    pass: () => T,
  ): T {
    this.meter.during('adapter', upload);
    this.meter.restart();
    const result = pass();
    const parts = plus(this.meter.peak, this.beside);
    if (!this.largestPass || totalBytes(parts) > totalBytes(this.largestPass.parts)) {
      this.largestPass = { batch: size.batch, length: size.length, parts };
    }
    return result;
  }
}

export function totalBytes(parts: BytesByPart): number {
  return Object.values(parts).reduce((sum, bytes) => sum + bytes, 0);
}

function plus(a: BytesByPart, b: Partial<BytesByPart>): BytesByPart {
  const more = { ...NOTHING, ...b };
  return {
    weights: a.weights + more.weights,
    adapter: a.adapter + more.adapter,
    optimizer: a.optimizer + more.optimizer,
    activations: a.activations + more.activations,
    logits: a.logits + more.logits,
  };
}
