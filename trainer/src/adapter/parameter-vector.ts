import * as tf from '@tensorflow/tfjs-core';

/** One trainable tensor inside the flat vector. */
export interface ParameterSlot {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly size: number;
}

/**
 * All trainable parameters of a job as one flat float32 vector in host memory, which is the truth, with a copy of
 * each tensor on the backend, which is made anew after the vector has changed.
 */
export class ParameterVector {
  readonly slots: readonly ParameterSlot[];
  /** Call {@link changed} after writing to it. */
  readonly values: Float32Array;
  private readonly byName: ReadonlyMap<string, ParameterSlot>;
  private readonly device = new Map<string, tf.Tensor>();

  constructor(tensors: readonly { readonly name: string; readonly shape: readonly number[] }[]) {
    const slots: ParameterSlot[] = [];
    let offset = 0;
    for (const { name, shape } of tensors) {
      const size = shape.reduce((product, extent) => product * extent, 1);
      slots.push({ name, shape, offset, size });
      offset += size;
    }
    this.slots = slots;
    this.values = new Float32Array(offset);
    this.byName = new Map(slots.map((slot) => [slot.name, slot]));
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }

  /** A view into the flat vector. */
  view(name: string): Float32Array {
    const { offset, size } = this.slot(name);
    return this.values.subarray(offset, offset + size);
  }

  /** The backend's copy; {@link upload} must have been called since the last change. */
  tensor(name: string): tf.Tensor {
    const tensor = this.device.get(name);
    if (!tensor) throw new Error(`the parameter "${name}" is not on the backend`);
    return tensor;
  }

  /** Makes the backend's copies current and returns them in slot order. Call outside of any tape. */
  upload(): tf.Tensor[] {
    return this.slots.map(({ name, shape, offset, size }) => {
      const existing = this.device.get(name);
      if (existing) return existing;
      const tensor = tf.keep(tf.tensor(this.values.slice(offset, offset + size), [...shape], 'float32'));
      this.device.set(name, tensor);
      return tensor;
    });
  }

  /** The flat vector was written to: the backend's copies are out of date. */
  changed(): void {
    for (const tensor of this.device.values()) tensor.dispose();
    this.device.clear();
  }

  dispose(): void {
    this.changed();
  }

  private slot(name: string): ParameterSlot {
    const slot = this.byName.get(name);
    if (!slot) throw new Error(`there is no parameter "${name}"`);
    return slot;
  }
}
