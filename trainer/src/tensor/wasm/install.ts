import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { checkAllocations } from './checked-allocation.js';
import { emscriptenHeap } from './emscripten-heap.js';
import { registerActivations } from './kernels/activation.js';
import { registerArithmetic } from './kernels/arithmetic.js';
import { registerAttention } from './kernels/attention.js';
import { registerCrossEntropy } from './kernels/cross-entropy.js';
import { registerDropoutMask } from './kernels/dropout-mask.js';
import { registerEmbedding } from './kernels/embedding.js';
import { registerLinear } from './kernels/linear.js';
import { registerNf4 } from './kernels/nf4.js';
import { registerNorms } from './kernels/norm.js';
import { registerRope } from './kernels/rope.js';
import { shareIdentity } from './shared-identity.js';
import { WasmDevice } from './wasm-device.js';

const installed = new WeakMap<BackendWasm, WasmDevice>();

/** Makes the stock wasm backend safe and fast: checked allocation, shared copies, our kernels. Once a backend. */
export function installWasmKernels(backend: BackendWasm): WasmDevice {
  const known = installed.get(backend);
  if (known !== undefined) return known;
  const heap = emscriptenHeap(backend);
  checkAllocations(heap);
  shareIdentity(backend);
  const device = new WasmDevice(backend, heap);
  registerArithmetic(device);
  registerLinear(device);
  registerNorms(device);
  registerRope(device);
  registerActivations(device);
  registerAttention(device);
  registerCrossEntropy(device);
  registerEmbedding(device);
  registerDropoutMask(device);
  registerNf4(device);
  installed.set(backend, device);
  return device;
}
