import * as tf from '@tensorflow/tfjs-core';
import { FUSED } from '../../fused-kernels.js';
import { registerWasm } from '../register.js';
import type { WasmDevice } from '../wasm-device.js';

export function registerDropoutMask(device: WasmDevice): void {
  registerWasm(device, FUSED.dropoutMask, (on, _inputs, attrs) => {
    const shape = [attrs.number('rows'), attrs.number('columns')];
    const mask = on.output(shape);
    on.kernels.dropoutMask(
      on.address(mask),
      tf.util.sizeFromShape(shape),
      attrs.number('key0'),
      attrs.number('key1'),
      attrs.number('stream'),
      attrs.number('threshold'),
      attrs.number('keep'),
    );
    return mask;
  });
}
