import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs-core';

export interface OptionalBackend {
  readonly loaded: boolean;
  /** False: it computes on the processor. */
  readonly onGpu: boolean;
  /** Why it is not loaded; empty when it is. */
  readonly reason: string;
}

const PACKAGE: string = '@tensorflow/tfjs-node-gpu';

/** Loads the optional package @tensorflow/tfjs-node-gpu. A machine without it, or without its native library, is normal. */
export async function loadTensorflow(): Promise<OptionalBackend> {
  restoreRemovedUtil();
  try {
    await quietly(() => import(PACKAGE));
  } catch (error) {
    return { loaded: false, onGpu: false, reason: explain(error) };
  }
  const loaded = await tf.setBackend('tensorflow');
  const onGpu = loaded && Reflect.get(tf.backend(), 'isUsingGpuDevice') === true;
  return { loaded, onGpu, reason: loaded ? '' : 'tensorflow did not start' };
}

/** Its last release calls util.isNullOrUndefined, which Node 23 removed. */
function restoreRemovedUtil(): void {
  const util: unknown = createRequire(import.meta.url)('node:util');
  if (typeof util !== 'object' || util === null || 'isNullOrUndefined' in util) return;
  Object.assign(util, { isNullOrUndefined: (value: unknown) => value === null || value === undefined });
}

/** Its loader prints advice with console.error before it throws; the reason that we return says enough. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const { error, warn } = console;
  console.error = () => undefined;
  console.warn = () => undefined;
  try {
    return await work();
  } finally {
    console.error = error;
    console.warn = warn;
  }
}

function explain(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (/Cannot find package/.test(message)) return 'tensorflow is not installed';
  if (/native addon module/.test(message)) return 'tensorflow is installed without its native library';
  return `tensorflow does not load: ${message.split('\n')[0]?.slice(0, 160) ?? ''}`;
}
