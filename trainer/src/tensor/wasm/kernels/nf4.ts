import * as tf from '@tensorflow/tfjs-core';
import { FUSED } from '../../fused-kernels.js';
import { registerWasm } from '../register.js';
import type { WasmDevice } from '../wasm-device.js';

export function registerNf4(device: WasmDevice): void {
  registerWasm(device, FUSED.nf4Dequantize, (on, inputs, attrs) => {
    const shape = [attrs.number('rows'), attrs.number('columns')];
    const weight = on.output(shape);
    const fill = (scales: number): void =>
      on.kernels.nf4Weights(
        on.address(inputs.get('packed')),
        scales,
        on.nf4Levels,
        on.address(weight),
        tf.util.sizeFromShape(shape),
      );
    const plain = inputs.optional('scales');
    if (plain !== undefined) {
      fill(on.address(plain));
      return weight;
    }
    const codes = inputs.get('codes');
    const count = tf.util.sizeFromShape(codes.shape);
    on.scratch(count, (scales) => {
      const superScales = on.address(inputs.get('superScales'));
      on.kernels.nf4Scales(on.address(codes), superScales, attrs.number('offset'), on.nf4Map, scales, count);
      fill(scales);
    });
    return weight;
  });
}
