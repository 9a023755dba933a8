import * as tf from '@tensorflow/tfjs-core';
import { FUSED } from '../../fused-kernels.js';
import { registerWasm } from '../register.js';
import type { WasmDevice } from '../wasm-device.js';

/** The kernel writes this many elements at a time. */
const STRIDE = 8;

export function registerDropoutMask(device: WasmDevice): void {
  registerWasm(device, FUSED.dropoutMask, (on, _inputs, attrs) => {
    const shape = [attrs.number('rows'), attrs.number('columns')];
    const size = tf.util.sizeFromShape(shape);
    const mask = on.output([Math.ceil(size / STRIDE) * STRIDE]);
    on.kernels.dropoutMask(
      on.address(mask),
      size,
      attrs.number('key0'),
      attrs.number('key1'),
      attrs.number('stream'),
      attrs.number('threshold'),
      attrs.number('keep'),
    );
    return { dataId: mask.dataId, shape, dtype: 'float32' };
  });
}
