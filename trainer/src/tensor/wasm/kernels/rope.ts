import { FUSED } from '../../fused-kernels.js';
import { registerWasm } from '../register.js';
import { sizes, type WasmDevice } from '../wasm-device.js';

export function registerRope(device: WasmDevice): void {
  registerWasm(device, FUSED.rope, (on, inputs, attrs) => {
    const x = inputs.get('x');
    const [n, width] = sizes(x);
    const headDim = attrs.number('headDim');
    const y = on.output([n, width]);
    on.kernels.rope(
      on.address(x),
      on.address(y),
      on.address(inputs.get('cos')),
      on.address(inputs.get('sin')),
      on.address(inputs.get('positions')),
      n,
      width / headDim,
      headDim / 2,
      attrs.number('sign'),
    );
    return y;
  });
}
