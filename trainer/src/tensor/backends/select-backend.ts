import * as tf from '@tensorflow/tfjs-core';
import { UserError } from '../../errors.js';
import { registerGradients } from '../gradients/index.js';
import { loadTensorflow, type OptionalBackend } from './tensorflow-backend.js';
import { loadWasm, type WasmOptions } from './wasm-backend.js';

/** What computes, and why it was chosen; for logs: `wasm (tensorflow is not installed)`. */
export interface BackendChoice {
  readonly name: BackendName;
  readonly reason: string;
}

const BACKENDS = ['tensorflow', 'wasm'] as const;
export type BackendName = (typeof BACKENDS)[number];

export interface SelectBackendOptions {
  /** Take this backend or fail; the value of TUNEYARD_BACKEND. Default: `tensorflow` on a GPU, else `wasm`. */
  readonly force?: string | undefined;
  /**
   * Matrix products of `wasm`: `off` = its own, a path = that OpenBLAS or fail, undefined = the OpenBLAS of the machine
   * if there is one. Default: the value of TUNEYARD_BLAS.
   */
  readonly blas?: string | undefined;
  /** C kernels of `wasm`: `off`, or undefined = those of the build if it made them. Default: TUNEYARD_NATIVE. */
  readonly native?: string | undefined;
}

/**
 * Loads a backend and makes it the current one of this thread. Call once, before any tensor exists.
 * Throws UserError when the forced backend is unknown or does not load.
 */
export async function selectBackend(options: SelectBackendOptions = {}): Promise<BackendChoice> {
  const forced = options.force === undefined || options.force === '' ? undefined : options.force;
  if (forced !== undefined && !isBackend(forced))
    throw new UserError(
      `TUNEYARD_BACKEND is '${forced}'; it must be one of ${BACKENDS.join(', ')}, or unset.`,
    );
  const given = (value: string | undefined): string | undefined => (value === '' ? undefined : value);
  const native = given(options.native ?? process.env['TUNEYARD_NATIVE']);
  if (native !== undefined && native !== 'off')
    throw new UserError(`TUNEYARD_NATIVE is '${native}'; it must be 'off', or unset.`);
  const blas = given(options.blas ?? process.env['TUNEYARD_BLAS']);
  const choice = await load(forced, { blas, native });
  registerGradients();
  await tf.ready();
  return choice;
}

async function load(forced: BackendName | undefined, wasm: WasmOptions): Promise<BackendChoice> {
  if (forced === 'wasm') {
    const product = await loadWasm(wasm);
    return { name: 'wasm', reason: `set by TUNEYARD_BACKEND; ${product}` };
  }
  const tensorflow = await loadTensorflow();
  if (forced === 'tensorflow') {
    if (tensorflow.loaded)
      return { name: 'tensorflow', reason: `set by TUNEYARD_BACKEND; ${device(tensorflow)}` };
    throw new UserError(
      `TUNEYARD_BACKEND is 'tensorflow', but ${tensorflow.reason}; run 'npm run build:tensorflow', or unset the variable.`,
    );
  }
  if (tensorflow.onGpu) return { name: 'tensorflow', reason: `it loads here; ${device(tensorflow)}` };
  const why = tensorflow.loaded ? 'tensorflow finds no GPU here, and is slower without' : tensorflow.reason;
  return { name: 'wasm', reason: `${why}; ${await loadWasm(wasm)}` };
}

function device({ onGpu }: OptionalBackend): string {
  return onGpu ? 'on a GPU' : 'on the processor';
}

function isBackend(name: string): name is BackendName {
  return BACKENDS.some((known) => known === name);
}
