import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { BackendWasm, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';

import { installWasmKernels } from '../wasm/install.js';

/** Starts the wasm backend from the files of its package: nothing is downloaded. One thread: workers scale by process. */
export async function loadWasm(): Promise<void> {
  const entry = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  setWasmPaths(`${dirname(entry)}${sep}`);
  if (!(await tf.setBackend('wasm')))
    throw new Error('the wasm backend did not start; see the messages above');
  const backend = tf.backend();
  if (!(backend instanceof BackendWasm))
    throw new Error('the wasm backend is not that of @tensorflow/tfjs-backend-wasm');
  installWasmKernels(backend);
}
