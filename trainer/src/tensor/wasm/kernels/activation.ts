import * as tf from '@tensorflow/tfjs-core';
import { FUSED } from '../../fused-kernels.js';
import { registerWasm, type DeviceKernel } from '../register.js';
import type { WasmDevice } from '../wasm-device.js';

type Forward = 'swiglu' | 'geglu';
type Backward = 'swigluGrad' | 'gegluGrad';

export function registerActivations(device: WasmDevice): void {
  registerWasm(device, FUSED.swiglu, gated('swiglu'));
  registerWasm(device, FUSED.swigluGrad, gatedGrad('swigluGrad'));
  registerWasm(device, FUSED.geglu, gated('geglu'));
  registerWasm(device, FUSED.gegluGrad, gatedGrad('gegluGrad'));
  registerWasm(device, FUSED.gelu, gelu);
  registerWasm(device, FUSED.geluGrad, geluGrad);
}

function gated(kernel: Forward): DeviceKernel {
  return (device, inputs) => {
    const [gate, up] = [inputs.get('gate'), inputs.get('up')];
    const y = device.output(gate.shape);
    const size = tf.util.sizeFromShape(gate.shape);
    device.kernels[kernel](device.address(gate), device.address(up), device.address(y), size);
    return y;
  };
}

function gatedGrad(kernel: Backward): DeviceKernel {
  return (device, inputs) => {
    const [dy, gate, up] = [inputs.get('dy'), inputs.get('gate'), inputs.get('up')];
    const [dGate, dUp] = [device.output(gate.shape), device.output(gate.shape)];
    device.kernels[kernel](
      device.address(gate),
      device.address(up),
      device.address(dy),
      device.address(dGate),
      device.address(dUp),
      tf.util.sizeFromShape(gate.shape),
    );
    return [dGate, dUp];
  };
}

const gelu: DeviceKernel = (device, inputs) => {
  const x = inputs.get('x');
  const y = device.output(x.shape);
  device.kernels.gelu(device.address(x), device.address(y), tf.util.sizeFromShape(x.shape));
  return y;
};

const geluGrad: DeviceKernel = (device, inputs) => {
  const [dy, x] = [inputs.get('dy'), inputs.get('x')];
  const dx = device.output(x.shape);
  const size = tf.util.sizeFromShape(x.shape);
  device.kernels.geluGrad(device.address(x), device.address(dy), device.address(dx), size);
  return dx;
};
