import { FUSED } from '../../fused-kernels.js';
import { registerWasm } from '../register.js';
import { sizes, type WasmDevice } from '../wasm-device.js';

export function registerEmbedding(device: WasmDevice): void {
  registerWasm(device, FUSED.scatterRows, (on, inputs, attrs) => {
    const rows = inputs.get('rows');
    const [n, width] = sizes(rows);
    const table = on.zeros([attrs.number('count'), width]);
    on.kernels.scatterRows(on.address(rows), on.address(inputs.get('ids')), on.address(table), n, width);
    return table;
  });
}
