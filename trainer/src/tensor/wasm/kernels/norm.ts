import { FUSED } from '../../fused-kernels.js';
import { registerWasm, type DeviceKernel } from '../register.js';
import { sizes, type WasmDevice } from '../wasm-device.js';

export function registerNorms(device: WasmDevice): void {
  registerWasm(device, FUSED.rmsNorm, rmsNorm);
  registerWasm(device, FUSED.rmsNormGrad, rmsNormGrad);
  registerWasm(device, FUSED.layerNorm, layerNorm);
  registerWasm(device, FUSED.layerNormGrad, layerNormGrad);
}

const rmsNorm: DeviceKernel = (device, inputs, attrs) => {
  const [x, weight] = [inputs.get('x'), inputs.get('weight')];
  const [n, d] = sizes(x);
  const [y, inverse] = [device.output([n, d]), device.output([n])];
  device.kernels.rmsNorm(
    device.address(x),
    device.address(weight),
    device.address(y),
    device.address(inverse),
    n,
    d,
    attrs.number('eps'),
    attrs.number('offset'),
  );
  return [y, inverse];
};

const rmsNormGrad: DeviceKernel = (device, inputs, attrs) => {
  const [dy, x] = [inputs.get('dy'), inputs.get('x')];
  const [n, d] = sizes(x);
  const dx = device.output([n, d]);
  const dWeight = attrs.flag('trainable') ? device.zeros([d]) : undefined;
  device.kernels.rmsNormGrad(
    device.address(x),
    device.address(inputs.get('weight')),
    device.address(inputs.get('inverse')),
    device.address(dy),
    device.address(dx),
    dWeight === undefined ? 0 : device.address(dWeight),
    n,
    d,
    attrs.number('offset'),
  );
  return dWeight === undefined ? [dx] : [dx, dWeight];
};

const layerNorm: DeviceKernel = (device, inputs, attrs) => {
  const x = inputs.get('x');
  const [n, d] = sizes(x);
  const [y, stats] = [device.output([n, d]), device.output([n, 2])];
  device.kernels.layerNorm(
    device.address(x),
    device.address(inputs.get('weight')),
    device.address(inputs.get('bias')),
    device.address(y),
    device.address(stats),
    n,
    d,
    attrs.number('eps'),
  );
  return [y, stats];
};

const layerNormGrad: DeviceKernel = (device, inputs, attrs) => {
  const [dy, x] = [inputs.get('dy'), inputs.get('x')];
  const [n, d] = sizes(x);
  const dx = device.output([n, d]);
  const weights = attrs.flag('trainable') ? [device.zeros([d]), device.zeros([d])] : [];
  const [dWeight = 0, dBias = 0] = weights.map((tensor) => device.address(tensor));
  device.kernels.layerNormGrad(
    device.address(x),
    device.address(inputs.get('weight')),
    device.address(inputs.get('stats')),
    device.address(dy),
    device.address(dx),
    dWeight,
    dBias,
    n,
    d,
  );
  return [dx, ...weights];
};
