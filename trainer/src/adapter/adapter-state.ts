import { UserError } from '../errors.js';
import { decodeSafetensors, encodeSafetensors, toFloat32, type NamedTensor } from '../model/index.js';
import type { Moments } from '../optim/index.js';
import type { ParameterVector } from './parameter-vector.js';

const PARTS = ['parameter', 'first_moment', 'second_moment'] as const;

/** Parameters and optimizer moments as one safetensors image, bit for bit. */
export function packAdapterState(parameters: ParameterVector, moments: Moments): Uint8Array {
  const tensors: NamedTensor[] = [];
  for (const [part, values] of flatParts(parameters, moments)) {
    for (const { name, shape, offset, size } of parameters.slots) {
      const data = values.subarray(offset, offset + size);
      tensors.push({ name: `${part}/${name}`, shape, type: 'F32', data });
    }
  }
  return encodeSafetensors(tensors, { format: 'tuneyard-adapter-state' });
}

/**
 * Restores what {@link packAdapterState} wrote. All is checked before anything changes.
 * @throws UserError when the image belongs to another method, model or rank.
 */
export function unpackAdapterState(state: Uint8Array, parameters: ParameterVector, moments: Moments): void {
  const { tensors } = decodeSafetensors(state, 'adapter state');
  const expected = PARTS.length * parameters.slots.length;
  if (tensors.size !== expected) {
    throw new UserError(
      `the adapter state holds ${tensors.size} tensors, but this job has ${expected}; it was written by another job.`,
    );
  }
  const copies: (() => void)[] = [];
  for (const [part, values] of flatParts(parameters, moments)) {
    for (const { name, shape, offset } of parameters.slots) {
      const tensor = tensors.get(`${part}/${name}`);
      if (!tensor || tensor.type !== 'F32' || tensor.shape.join() !== shape.join()) {
        throw new UserError(
          `the adapter state does not hold "${name}" of shape [${shape.join(', ')}]; it was written by another job.`,
        );
      }
      copies.push(() => values.set(toFloat32(tensor.data, 'F32', name), offset));
    }
  }
  for (const copy of copies) copy();
  parameters.changed();
}

function flatParts(parameters: ParameterVector, moments: Moments): [string, Float32Array][] {
  return [
    [PARTS[0], parameters.values],
    [PARTS[1], moments.first],
    [PARTS[2], moments.second],
  ];
}
