import { FUSED } from '../../fused-kernels.js';
import { registerWasm, type DeviceKernel } from '../register.js';
import { sizes, type WasmDevice } from '../wasm-device.js';

export function registerCrossEntropy(device: WasmDevice): void {
  registerWasm(device, FUSED.crossEntropy, crossEntropy);
}

const crossEntropy: DeviceKernel = (device, inputs, attrs) => {
  const [x, head, labels] = [inputs.get('x'), inputs.get('head'), inputs.get('labels')];
  const [n, d] = sizes(x);
  const [vocabulary] = sizes(head);
  const chunk = Math.min(n, attrs.number('chunk'));
  const softcap = attrs.optionalNumber('softcap') ?? 0;
  const loss = device.output([]);
  const dx = attrs.flag('gradient') ? device.output([n, d]) : undefined;
  const dHead = attrs.flag('gradient') && attrs.flag('trainable') ? device.zeros([vocabulary, d]) : undefined;

  // One more row: the slopes of the softcap.
  const sum = device.scratch((chunk + 1) * vocabulary, (logits) => {
    let total = 0;
    for (let begin = 0; begin < n; begin += chunk) {
      const rows = Math.min(chunk, n - begin);
      const xChunk = device.address(x) + begin * d * 4;
      device.gemm({
        m: rows,
        n: vocabulary,
        k: d,
        a: xChunk,
        lda: d,
        b: device.address(head),
        ldb: d,
        transB: true,
        c: logits,
        ldc: vocabulary,
      });
      const slopes = logits + chunk * vocabulary * 4;
      const chunkLabels = device.address(labels) + begin * 4;
      total += device.kernels.crossEntropyRows(logits, chunkLabels, rows, vocabulary, softcap, slopes);
      if (dx !== undefined)
        device.gemm({
          m: rows,
          n: d,
          k: vocabulary,
          a: logits,
          lda: vocabulary,
          b: device.address(head),
          ldb: d,
          c: device.address(dx) + begin * d * 4,
          ldc: d,
        });
      if (dHead !== undefined)
        device.gemm({
          m: vocabulary,
          n: d,
          k: rows,
          a: logits,
          lda: vocabulary,
          transA: true,
          b: xChunk,
          ldb: d,
          beta: 1,
          c: device.address(dHead),
          ldc: d,
        });
    }
    return total;
  });
  new Float32Array(device.heap.buffer, device.address(loss), 1)[0] = sum;
  return [loss, ...(dx === undefined ? [] : [dx]), ...(dHead === undefined ? [] : [dHead])];
};
