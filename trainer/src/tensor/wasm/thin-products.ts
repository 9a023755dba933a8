import type { LibraryHandle } from 'koffi';
import type { Gemm, Product } from './gemm.js';

const LANES = 16;
/** Wider than this a general product is as fast. */
const WIDEST = 32;
/** Below, the general product wins: the thin side is no longer what takes the time. */
const LEAST_TERMS = 64;

/** Products with one side of 16 or 32, as of low-rank factors, by trainer/native/thin.c; others by `gemm`. */
export function thinProducts(library: LibraryHandle, base: () => number): (gemm: Gemm) => Gemm {
  const [int, float, pointer] = ['int', 'float', 'uintptr_t'];
  const operands = [float, pointer, int, pointer, int, float, pointer, int];
  const product = library.func('tuneyard_thinProduct', 'void', [int, int, int, int, ...operands]);
  const transposed = library.func('tuneyard_thinTransposed', 'void', [int, int, int, ...operands]);
  return (gemm) => (p) => {
    const kind = thinSide(p);
    if (kind === undefined) {
      gemm(p);
      return;
    }
    const at = base();
    const rest = [p.alpha ?? 1, at + p.a, p.lda, at + p.b, p.ldb, p.beta ?? 0, at + p.c, p.ldc];
    if (kind === 'columns') product(Number(p.transB === true), p.m, p.n, p.k, ...rest);
    else transposed(p.m, p.n, p.k, ...rest);
  };
}

function thinSide({ m, n, k, transA, transB, beta = 0 }: Product): 'columns' | 'rows' | undefined {
  const thin = (side: number): boolean => side % LANES === 0 && side <= WIDEST;
  if (k < LEAST_TERMS || (beta !== 0 && beta !== 1)) return undefined;
  if (thin(n) && m >= 2 * n && transA !== true) return 'columns';
  return thin(m) && n >= 2 * m && transA === true && transB !== true ? 'rows' : undefined;
}
