import type { KernelModule } from './kernel-module.js';

/** C = alpha * op(A) op(B) + beta * C over row-major float32 in the heap. */
export interface Product {
  /** Rows of op(A) and C. */
  readonly m: number;
  /** Columns of op(B) and C. */
  readonly n: number;
  /** Columns of op(A), rows of op(B). */
  readonly k: number;
  /** Byte addresses of the first elements; row pitches in floats. */
  readonly a: number;
  readonly lda: number;
  readonly b: number;
  readonly ldb: number;
  readonly c: number;
  readonly ldc: number;
  /** Default false. */
  readonly transA?: boolean;
  readonly transB?: boolean;
  /** Default 1. */
  readonly alpha?: number;
  /** Default 0: C is only written. */
  readonly beta?: number;
}

/** A matrix multiplication on the heap: ours, or a BLAS of the machine. The same call gives the same bits. */
export type Gemm = (product: Product) => void;

/** The multiplication compiled from assembly/gemm.ts. `scratch`: gemmScratchBytes() bytes of the heap. */
export function wasmGemm(kernels: KernelModule, scratch: number): Gemm {
  return (p) =>
    kernels.gemm(
      p.transA === true,
      p.transB === true,
      p.m,
      p.n,
      p.k,
      p.alpha ?? 1,
      p.a,
      p.lda,
      p.b,
      p.ldb,
      p.beta ?? 0,
      p.c,
      p.ldc,
      scratch,
    );
}
