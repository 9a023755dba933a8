import type { TensorInfo } from '@tensorflow/tfjs-core';
import { FUSED } from '../../fused-kernels.js';
import { registerWasm, type DeviceKernel, type Inputs } from '../register.js';
import { sizes, type WasmDevice } from '../wasm-device.js';

export function registerLinear(device: WasmDevice): void {
  registerWasm(device, FUSED.linear, linear);
  registerWasm(device, FUSED.linearGrad, linearGrad);
  registerWasm(device, FUSED.loraLinear, loraLinear);
  registerWasm(device, FUSED.loraLinearGrad, loraLinearGrad);
}

interface Sizes {
  readonly n: number;
  readonly input: number;
  readonly out: number;
  readonly transposed: boolean;
}

function linearSizes(rows: TensorInfo, weight: TensorInfo, transposed: boolean): Sizes {
  const [n] = sizes(rows);
  const [first, second] = sizes(weight);
  return { n, transposed, out: transposed ? second : first, input: transposed ? first : second };
}

const linear: DeviceKernel = (device, inputs, attrs) => {
  const [x, weight] = [inputs.get('x'), inputs.get('weight')];
  return project(
    device,
    x,
    weight,
    inputs.optional('bias'),
    linearSizes(x, weight, attrs.flag('transposed')),
  );
};

/** x W^T + bias */
function project(
  device: WasmDevice,
  x: TensorInfo,
  weight: TensorInfo,
  bias: TensorInfo | undefined,
  { n, input, out, transposed }: Sizes,
): TensorInfo {
  const y = device.output([n, out]);
  if (bias !== undefined) device.kernels.repeatRow(device.address(bias), device.address(y), n, out);
  device.gemm({
    m: n,
    n: out,
    k: input,
    a: device.address(x),
    lda: input,
    b: device.address(weight),
    ldb: transposed ? out : input,
    transB: !transposed,
    beta: bias === undefined ? 0 : 1,
    c: device.address(y),
    ldc: out,
  });
  return y;
}

/** dy W */
function projectBack(
  device: WasmDevice,
  dy: TensorInfo,
  weight: TensorInfo,
  { n, input, out, transposed }: Sizes,
): TensorInfo {
  const dx = device.output([n, input]);
  device.gemm({
    m: n,
    n: input,
    k: out,
    a: device.address(dy),
    lda: out,
    b: device.address(weight),
    ldb: transposed ? out : input,
    transB: transposed,
    c: device.address(dx),
    ldc: input,
  });
  return dx;
}

const linearGrad: DeviceKernel = (device, inputs, attrs) => {
  const [dy, weight] = [inputs.get('dy'), inputs.get('weight')];
  const size = linearSizes(dy, weight, attrs.flag('transposed'));
  const outputs = [projectBack(device, dy, weight, size)];
  if (!attrs.flag('trainable')) return outputs;
  outputs.push(weightGradient(device, dy, inputs.get('x'), size));
  if (attrs.flag('bias')) {
    const dBias = device.output([size.out]);
    device.kernels.columnSums(device.address(dy), device.address(dBias), size.n, size.out);
    outputs.push(dBias);
  }
  return outputs;
};

/** dy^T x, in the layout of the weight */
function weightGradient(device: WasmDevice, dy: TensorInfo, x: TensorInfo, size: Sizes): TensorInfo {
  const { n, input, out, transposed } = size;
  const dWeight = device.output(transposed ? [input, out] : [out, input]);
  const [left, right] = transposed ? [x, dy] : [dy, x];
  const [rows, columns] = transposed ? [input, out] : [out, input];
  device.gemm({
    m: rows,
    n: columns,
    k: n,
    a: device.address(left),
    lda: rows,
    transA: true,
    b: device.address(right),
    ldb: columns,
    c: device.address(dWeight),
    ldc: columns,
  });
  return dWeight;
}

const loraLinear: DeviceKernel = (device, inputs, attrs) => {
  const [x, weight, a, b] = [inputs.get('x'), inputs.get('weight'), inputs.get('a'), inputs.get('b')];
  const size = linearSizes(x, weight, attrs.flag('transposed'));
  const { n, input, out } = size;
  const [rank] = sizes(a);
  const y = project(device, x, weight, inputs.optional('bias'), size);
  const low = device.output([n, rank]);
  withDropout(device, x, inputs, (dropped) =>
    device.gemm({
      m: n,
      n: rank,
      k: input,
      a: dropped,
      lda: input,
      b: device.address(a),
      ldb: input,
      transB: true,
      c: device.address(low),
      ldc: rank,
    }),
  );
  device.gemm({
    m: n,
    n: out,
    k: rank,
    alpha: attrs.number('scale'),
    a: device.address(low),
    lda: rank,
    b: device.address(b),
    ldb: rank,
    transB: true,
    beta: 1,
    c: device.address(y),
    ldc: out,
  });
  return [y, low];
};

/** Passes the address of x * mask (of x itself without a mask). */
function withDropout(
  device: WasmDevice,
  x: TensorInfo,
  inputs: Inputs,
  work: (address: number) => void,
): void {
  const mask = inputs.optional('mask');
  if (mask === undefined) {
    work(device.address(x));
    return;
  }
  const [n, width] = sizes(x);
  device.scratch(n * width, (dropped) => {
    device.kernels.multiply(device.address(x), device.address(mask), dropped, n * width);
    work(dropped);
  });
}

const loraLinearGrad: DeviceKernel = (device, inputs, attrs) => {
  const [dy, x, weight] = [inputs.get('dy'), inputs.get('x'), inputs.get('weight')];
  const [a, b, low, mask] = [inputs.get('a'), inputs.get('b'), inputs.get('low'), inputs.optional('mask')];
  const size = linearSizes(x, weight, attrs.flag('transposed'));
  const { n, input, out } = size;
  const [rank] = sizes(a);
  const scale = attrs.number('scale');
  const [da, db] = [device.output([rank, input]), device.output([out, rank])];
  const dx = projectBack(device, dy, weight, size);
  // db = scale dy^T low
  device.gemm({
    m: out,
    n: rank,
    k: n,
    alpha: scale,
    a: device.address(dy),
    lda: out,
    transA: true,
    b: device.address(low),
    ldb: rank,
    c: device.address(db),
    ldc: rank,
  });
  device.scratch(n * rank, (dLow) => {
    // dLow = scale dy b
    device.gemm({
      m: n,
      n: rank,
      k: out,
      alpha: scale,
      a: device.address(dy),
      lda: out,
      b: device.address(b),
      ldb: rank,
      c: dLow,
      ldc: rank,
    });
    // da = dLow^T (x mask)
    withDropout(device, x, inputs, (dropped) =>
      device.gemm({
        m: rank,
        n: input,
        k: n,
        a: dLow,
        lda: rank,
        transA: true,
        b: dropped,
        ldb: input,
        c: device.address(da),
        ldc: input,
      }),
    );
    // dx += (dLow a) mask
    const back = {
      m: n,
      n: input,
      k: rank,
      a: dLow,
      lda: rank,
      b: device.address(a),
      ldb: input,
      ldc: input,
    };
    if (mask === undefined) device.gemm({ ...back, beta: 1, c: device.address(dx) });
    else
      device.scratch(n * input, (branch) => {
        device.gemm({ ...back, c: branch });
        device.kernels.multiply(branch, device.address(mask), branch, n * input);
        device.kernels.add(device.address(dx), branch, device.address(dx), n * input);
      });
  });
  return [dx, da, db];
};
