import type { EmscriptenHeap } from './emscripten-heap.js';
import { loadFfi, type Ffi } from '../../support/index.js';
import { baseAddress, firstThatLoads } from './ffi.js';
import type { Gemm } from './gemm.js';
import { instructionSet, processorInfo, type InstructionSet } from './processor.js';

/** OpenBLAS of the machine, multiplying inside the tfjs heap without a copy. */
export interface OpenBlas {
  readonly gemm: Gemm;
  /** For logs: version and the processor family its kernels are for. */
  readonly description: string;
}

const LIBRARIES = ['libopenblas.so.0', 'libopenblas.so', 'libopenblas.dylib'];

const ROW_MAJOR = 101;
const NO_TRANS = 111;
const TRANS = 112;

/**
 * Loads OpenBLAS from `path`, or from where the system finds it; undefined when there is none. It runs on one thread:
 * workers scale by process, and the order of additions stays the same from call to call.
 */
export async function loadOpenBlas(heap: EmscriptenHeap, path?: string): Promise<OpenBlas | undefined> {
  const ffi = await loadFfi();
  if (ffi === undefined) return undefined;
  const family = prepareEnvironment(ffi);
  const library = firstThatLoads(ffi, path === undefined ? LIBRARIES : [path]);
  if (library === undefined) return undefined;
  const [pointer, int, float] = ['uintptr_t', 'int', 'float'];
  // order, transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc
  const layout = [int, int, int, int, int, int, float, pointer, int, pointer, int, float, pointer, int];
  const sgemm = library.func('cblas_sgemm', 'void', layout);
  library.func('openblas_set_num_threads', 'void', ['int'])(1);
  const describe = (name: string): string => String(library.func(name, 'str', [])());
  const version = describe('openblas_get_config').split(' ').slice(0, 2).join(' ');
  const base = baseAddress(ffi, heap);
  return {
    description: `${version} for ${coreName(describe('openblas_get_corename'), family)}`,
    gemm: (p) => {
      const at = base();
      sgemm(
        ROW_MAJOR,
        p.transA === true ? TRANS : NO_TRANS,
        p.transB === true ? TRANS : NO_TRANS,
        p.m,
        p.n,
        p.k,
        p.alpha ?? 1,
        at + p.a,
        p.lda,
        at + p.b,
        p.ldb,
        p.beta ?? 0,
        at + p.c,
        p.ldc,
      );
    },
  };
}

/**
 * Releases of OpenBLAS older than a processor take it for an ancient one and run several times slower, so the family
 * is named before the library loads. Goes through libc, because process.env of a worker thread is a copy that native
 * code does not see. A value set by the user stays.
 * @returns the family for this processor
 */
function prepareEnvironment(ffi: Ffi): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const setenv = ffi.load(null).func('setenv', 'int', ['str', 'str', 'int']);
  setenv('OPENBLAS_NUM_THREADS', '1', 0);
  const family = coreType(processorInfo());
  if (family !== undefined) setenv('OPENBLAS_CORETYPE', family, 0);
  return family;
}

/** A family set by the user may cost half the speed, and is easily forgotten in a shell. */
function coreName(used: string, family: string | undefined): string {
  const asked = process.env.OPENBLAS_CORETYPE;
  const isOther = asked !== undefined && family !== undefined && asked !== family;
  return isOther ? `${used}, because OPENBLAS_CORETYPE is ${asked}; for this processor: ${family}` : used;
}

const CORE_TYPES: Readonly<Record<InstructionSet, string | undefined>> = {
  avx512: 'SkylakeX',
  avx2: 'Haswell',
  plain: undefined,
};

/** The OpenBLAS kernel family for the processor that /proc/cpuinfo describes; undefined = let OpenBLAS decide. */
export function coreType(cpuinfo: string): string | undefined {
  return CORE_TYPES[instructionSet(cpuinfo)];
}
