import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  dequantizeNf4,
  loraLinear,
  nf4Linear,
  Nf4Matrix,
  quantizeNf4,
  valueAndGradients,
  type LoraFactors,
} from './index.js';
import { dynamicMap } from './nf4/codebook.js';
import { quantizeScales } from './nf4/quantize.js';
import { testBackends } from './testing/backends.js';
import { relativeError, values } from './testing/op-case.js';

/** Made with bitsandbytes: `<case>.<single|double>.<field>`. */
const golden = readGolden(new URL('./testing/golden/nf4.safetensors', import.meta.url));

describe('quantizing equals bitsandbytes bit for bit', () => {
  test.each(['square', 'ragged', 'outliers', 'zeros'])('%s', (name) => {
    const weight = golden.floats(`${name}.single.weight`);
    const plain = quantizeNf4(weight, { double: false });
    expect(plain.packed).toEqual(golden.bytes(`${name}.single.packed`));
    expect(plain.scales).toEqual({ kind: 'plain', absmax: golden.floats(`${name}.single.absmax`) });
    expect(dequantizeNf4(plain)).toEqual(golden.floats(`${name}.single.dequantized`));

    const double = quantizeNf4(weight, { double: true });
    expect(double.packed).toEqual(golden.bytes(`${name}.double.packed`));
    expect(double.scales).toEqual(doubleScales(name));
    expect(dequantizeNf4(double)).toEqual(golden.floats(`${name}.double.dequantized`));
    expect(dynamicMap()).toEqual(golden.floats(`${name}.double.absmax_codebook`));
  });
});

test('block scales over several super-blocks quantize as in bitsandbytes', () =>
  expect(quantizeScales(golden.floats('large.single.absmax'))).toEqual(doubleScales('large')));

describe.each(testBackends.map((backend) => [backend.name, backend] as const))('on %s', (_name, backend) => {
  let missing: string | undefined;
  beforeAll(async () => {
    missing = await backend.start();
  });

  test.for([true, false])('dequantizes to the same bits (double %s)', (double, { skip }) => {
    skip(missing !== undefined, missing);
    const data = quantizeNf4(Float32Array.from(values([21, 33], 5).data), { double });
    const weight = backend.run(() => new Nf4Matrix(data, [21, 33]).dequantize());
    expect(weight.dataSync()).toEqual(dequantizeNf4(data));
    weight.dispose();
  });

  test.for(['out-in', 'in-out'] as const)(
    'nf4Linear equals loraLinear on the dequantized weight (%s)',
    (layout, { skip }) => {
      skip(missing !== undefined, missing);
      const [n, input, out, rank] = [5, 20, 11, 3];
      const shape: [number, number] = layout === 'out-in' ? [out, input] : [input, out];
      const data = quantizeNf4(Float32Array.from(values(shape, 6).data), { double: true });
      backend.run(() =>
        tf.tidy(() => {
          const matrix = (rows: number, columns: number, seed: number): tf.Tensor2D =>
            tf.tensor2d(Float32Array.from(values([rows, columns], seed).data), [rows, columns]);
          const [x, a, b] = [matrix(n, input, 7), matrix(rank, input, 8), matrix(out, rank, 9)];
          const lora: LoraFactors = { a, b, scale: 0.5 };
          const packed = new Nf4Matrix(data, shape);
          const dense = packed.dequantize();
          const results = [
            valueAndGradients(
              () => tf.sum(tf.square(nf4Linear(x, packed, undefined, lora, { layout }))),
              [x, a, b],
            ),
            valueAndGradients(
              () => tf.sum(tf.square(loraLinear(x, dense, undefined, lora, { layout }))),
              [x, a, b],
            ),
          ] as const;
          results[0].gradients.forEach((gradient, i) =>
            expect(
              relativeError(gradient.dataSync(), results[1].gradients[i]?.dataSync() ?? []),
            ).toBeLessThan(2e-6),
          );
          expect(relativeError(results[0].value.dataSync(), results[1].value.dataSync())).toBeLessThan(2e-6);
        }),
      );
    },
  );
});

test('a double-quantized weight takes 4.13 bits a parameter', () => {
  const size = 256 * 320;
  const matrix = new Nf4Matrix(quantizeNf4(new Float32Array(size), { double: true }), [256, 320]);
  expect((matrix.bytes * 8) / size).toBeLessThan(4.14);
});

function doubleScales(name: string): object {
  return {
    kind: 'double',
    codes: golden.bytes(`${name}.double.absmax_codes`),
    superScales: golden.floats(`${name}.double.absmax_scale`),
    offset: golden.floats(`${name}.double.absmax_offset`)[0],
  };
}

interface Golden {
  floats(name: string): Float32Array;
  bytes(name: string): Uint8Array;
}

/** A safetensors file: 8 bytes of header length, a JSON header, the data. */
function readGolden(url: URL): Golden {
  const file = readFileSync(url);
  const headerSize = Number(file.readBigUInt64LE(0));
  const header: Record<string, { data_offsets: [number, number] }> = JSON.parse(
    file.subarray(8, 8 + headerSize).toString('utf8'),
  );
  const bytes = (name: string): Uint8Array => {
    const entry = header[name];
    if (entry === undefined) throw new RangeError(`no ${name} in the golden file`);
    const [begin, end] = entry.data_offsets;
    return new Uint8Array(file.subarray(8 + headerSize + begin, 8 + headerSize + end));
  };
  return { bytes, floats: (name) => new Float32Array(bytes(name).buffer) };
}
