import * as tf from '@tensorflow/tfjs-core';

/** Runs `work` a few times and returns a table: milliseconds a run by kernel, and what is outside of kernels. */
export function profileKernels(work: () => void, runs = 10): string {
  const backend = tf.getBackend();
  const spent = new Map<string, { milliseconds: number; calls: number }>();
  const restore: (() => void)[] = [];
  for (const { kernelName, kernelFunc, setupFunc, disposeFunc } of tf.getKernelsForBackend(backend)) {
    const timed: tf.KernelFunc = (call) => {
      const start = performance.now();
      const result = kernelFunc(call);
      const entry = spent.get(kernelName) ?? { milliseconds: 0, calls: 0 };
      entry.milliseconds += performance.now() - start;
      entry.calls++;
      spent.set(kernelName, entry);
      return result;
    };
    const rest = {
      kernelName,
      backendName: backend,
      ...(setupFunc ? { setupFunc } : {}),
      ...(disposeFunc ? { disposeFunc } : {}),
    };
    tf.unregisterKernel(kernelName, backend);
    tf.registerKernel({ ...rest, kernelFunc: timed });
    restore.push(() => {
      tf.unregisterKernel(kernelName, backend);
      tf.registerKernel({ ...rest, kernelFunc });
    });
  }
  const start = performance.now();
  for (let i = 0; i < runs; i++) work();
  const total = (performance.now() - start) / runs;
  for (const undo of restore) undo();

  const rows = [...spent].map(([name, { milliseconds, calls }]) => ({
    name,
    milliseconds: milliseconds / runs,
    calls: calls / runs,
  }));
  const inside = rows.reduce((sum, row) => sum + row.milliseconds, 0);
  return [...rows, { name: 'outside kernels', milliseconds: total - inside, calls: 0 }]
    .sort((a, b) => b.milliseconds - a.milliseconds)
    .filter((row) => row.milliseconds > total / 200)
    .map(
      ({ name, milliseconds, calls }) =>
        `${milliseconds.toFixed(2).padStart(9)} ms ${String(calls).padStart(5)} ${name}`,
    )
    .join('\n');
}
