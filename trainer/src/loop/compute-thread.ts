/** Entry of the compute thread: one {@link Workbench}, driven by calls from {@link ThreadedCompute}. */
import { parentPort, workerData } from 'node:worker_threads';
import { serveWorkbench } from './serve-workbench.js';
import type { ComputeThreadOptions } from './threaded-compute.js';
import { Workbench } from './workbench.js';

if (!parentPort) throw new Error('compute-thread runs as a worker thread only');

serveWorkbench(parentPort, new Workbench((workerData as ComputeThreadOptions).measureMemory));
