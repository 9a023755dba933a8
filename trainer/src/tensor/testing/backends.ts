import * as tf from '@tensorflow/tfjs-core';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { selectBackend, type SelectBackendOptions } from '../backends/select-backend.js';
import { withoutFusedKernels } from '../kernel.js';

/** One way to compute, for tests that run on all of them. */
export interface TestBackend {
  readonly name: string;
  /** Makes it current, or says why it cannot run here. */
  start(): Promise<string | undefined>;
  /** Runs `work` with it. */
  run<T>(work: () => T): T;
}

const PURE = { force: 'wasm', blas: 'off', native: 'off' };
const plainly = <T>(work: () => T): T => work();

export const testBackends: readonly TestBackend[] = [
  { name: 'wasm', start: () => select(PURE), run: plainly },
  {
    name: 'wasm, composed ops',
    start: () => select(PURE),
    run: withoutFusedKernels,
  },
  { name: 'wasm with OpenBLAS', start: selectOpenBlas, run: plainly },
  { name: 'wasm with C kernels', start: selectNative, run: plainly },
  { name: 'cpu, composed ops', start: selectCpu, run: plainly },
  { name: 'tensorflow', start: () => select({ force: 'tensorflow' }), run: plainly },
];

async function select(options: SelectBackendOptions): Promise<string | undefined> {
  try {
    await selectBackend(options);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function selectOpenBlas(): Promise<string | undefined> {
  const { reason } = await selectBackend({ force: 'wasm', blas: '', native: 'off' });
  return reason.includes('OpenBLAS') ? undefined : 'no OpenBLAS on this machine';
}

async function selectNative(): Promise<string | undefined> {
  const { reason } = await selectBackend({ force: 'wasm', blas: 'off', native: '' });
  return reason.includes('C kernels') ? undefined : 'no C compiler when this was built';
}

async function selectCpu(): Promise<string | undefined> {
  await selectBackend(PURE);
  await tf.setBackend('cpu');
  return tf.backend() instanceof MathBackendCPU ? undefined : 'the cpu backend did not start';
}
