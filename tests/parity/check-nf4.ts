import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SafetensorsFile } from '@tuneyard/trainer/model';
import { dequantizeNf4, quantizeNf4 } from '@tuneyard/trainer/tensor';

export interface Nf4Result {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/**
 * Quantizes every weight of a golden file (`<name>.single.*`, `<name>.double.*`) and compares packed bytes, block
 * scales and dequantized values bit for bit.
 * @param place the file, or a folder with nf4.safetensors.
 */
export function checkNf4(place: string): Nf4Result[] {
  const path = existsSync(place) && statSync(place).isDirectory() ? join(place, 'nf4.safetensors') : place;
  const file = SafetensorsFile.open(path);
  const prefixes = [...file.tensors.keys()]
    .filter((name) => name.endsWith('.weight'))
    .map((name) => name.slice(0, -7));
  const results = prefixes.sort().map((prefix) => {
    const double = prefix.endsWith('.double');
    const data = quantizeNf4(file.readFloat32(`${prefix}.weight`), { double });
    const wrong: string[] = [];
    const compare = (suffix: string, actual: Float32Array | Uint8Array) => {
      const stored = Buffer.from(file.readBytes(`${prefix}.${suffix}`));
      const ours = Buffer.from(actual.buffer, actual.byteOffset, actual.byteLength);
      if (!stored.equals(ours)) wrong.push(suffix);
    };
    compare('packed', data.packed);
    compare('dequantized', dequantizeNf4(data));
    if (data.scales.kind === 'plain') compare('absmax', data.scales.absmax);
    else {
      compare('absmax_codes', data.scales.codes);
      compare('absmax_scale', data.scales.superScales);
      compare('absmax_offset', Float32Array.of(data.scales.offset));
    }
    return {
      name: prefix,
      ok: wrong.length === 0,
      detail: wrong.length ? `differs: ${wrong.join(', ')}` : 'bit-equal',
    };
  });
  file.close();
  return results;
}
