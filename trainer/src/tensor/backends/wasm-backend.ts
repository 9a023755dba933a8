import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { BackendWasm, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { UserError } from '../../errors.js';
import { emscriptenHeap } from '../wasm/emscripten-heap.js';
import { installWasmKernels } from '../wasm/install.js';
import { loadOpenBlas } from '../wasm/openblas.js';

/**
 * Starts the wasm backend from the files of its package (nothing is downloaded) with our kernels, on one thread.
 * `blas`: `off`, the path of an OpenBLAS, or undefined to use one if the machine has it.
 * Returns what multiplies matrices, for logs. Throws UserError when the BLAS at `blas` does not load.
 */
export async function loadWasm(blas: string | undefined): Promise<string> {
  const entry = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  setWasmPaths(`${dirname(entry)}${sep}`);
  if (!(await tf.setBackend('wasm')))
    throw new Error('the wasm backend did not start; see the messages above');
  const backend = tf.backend();
  if (!(backend instanceof BackendWasm))
    throw new Error('the wasm backend is not that of @tensorflow/tfjs-backend-wasm');
  const device = installWasmKernels(backend);
  device.gemm = device.ownGemm;
  if (blas === 'off') return 'its own matrix product';
  const openBlas = await loadOpenBlas(emscriptenHeap(backend), blas);
  if (openBlas === undefined) {
    if (blas !== undefined)
      throw new UserError(
        `TUNEYARD_BLAS is '${blas}', which does not load as OpenBLAS; give its path, or 'off'.`,
      );
    return 'its own matrix product';
  }
  device.gemm = openBlas.gemm;
  return openBlas.description;
}
