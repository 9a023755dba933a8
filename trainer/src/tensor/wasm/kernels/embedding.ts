import { FUSED } from '../../fused-kernels.js';
import { item } from '../../item.js';
import { registerWasm } from '../register.js';
import { sizes, type WasmDevice } from '../wasm-device.js';

export function registerEmbedding(device: WasmDevice): void {
  registerWasm(device, FUSED.gatherRows, (on, inputs) => {
    const [table, ids] = [inputs.get('table'), inputs.get('ids')];
    const [count, width] = sizes(table);
    const n = item(ids.shape, 0);
    const y = on.output([n, width]);
    on.kernels.gatherRows(on.address(table), on.address(ids), on.address(y), n, count, width);
    return y;
  });
  registerWasm(device, FUSED.scatterRows, (on, inputs, attrs) => {
    const rows = inputs.get('rows');
    const [n, width] = sizes(rows);
    const table = on.zeros([attrs.number('count'), width]);
    on.kernels.scatterRows(on.address(rows), on.address(inputs.get('ids')), on.address(table), n, width);
    return table;
  });
}
