import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { BackendWasm, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { UserError } from '../../errors.js';
import { emscriptenHeap, type EmscriptenHeap } from '../wasm/emscripten-heap.js';
import { installWasmKernels } from '../wasm/install.js';
import { loadNativeKernels } from '../wasm/native-kernels.js';
import { loadOpenBlas } from '../wasm/openblas.js';
import type { WasmDevice } from '../wasm/wasm-device.js';

export interface WasmOptions {
  /** `off`, the path of an OpenBLAS, or undefined to use one if the machine has it. */
  readonly blas: string | undefined;
  /** `off`, or undefined to use the C kernels if they were built. */
  readonly native: string | undefined;
}

/**
 * Starts the wasm backend from the files of its package (nothing is downloaded) with our kernels, on one thread.
 * Returns what multiplies matrices and runs the kernels, for logs. Throws UserError when the BLAS at `blas` does not
 * load.
 */
export async function loadWasm({ blas, native }: WasmOptions): Promise<string> {
  const entry = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  setWasmPaths(`${dirname(entry)}${sep}`);
  if (!(await tf.setBackend('wasm')))
    throw new Error('the wasm backend did not start; see the messages above');
  const backend = tf.backend();
  if (!(backend instanceof BackendWasm))
    throw new Error('the wasm backend is not that of @tensorflow/tfjs-backend-wasm');
  const device = installWasmKernels(backend);
  const heap = emscriptenHeap(backend);
  return [await useGemm(device, heap, blas), await useKernels(device, heap, native)].join('; ');
}

async function useGemm(device: WasmDevice, heap: EmscriptenHeap, blas: string | undefined): Promise<string> {
  device.gemm = device.ownGemm;
  if (blas === 'off') return 'its own matrix product';
  const openBlas = await loadOpenBlas(heap, blas);
  if (openBlas !== undefined) {
    device.gemm = openBlas.gemm;
    return openBlas.description;
  }
  if (blas === undefined) return 'its own matrix product';
  throw new UserError(
    `TUNEYARD_BLAS is '${blas}', which does not load as OpenBLAS; give its path, or 'off'.`,
  );
}

async function useKernels(
  device: WasmDevice,
  heap: EmscriptenHeap,
  native: string | undefined,
): Promise<string> {
  device.kernels = device.ownKernels;
  const loaded = native === 'off' ? undefined : await loadNativeKernels(heap);
  if (loaded === undefined) return 'wasm kernels';
  device.kernels = { ...device.ownKernels, ...loaded.kernels };
  device.gemm = loaded.withThinProducts(device.gemm);
  return loaded.description;
}
