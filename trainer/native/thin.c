/*
 * Products with one side of 16, 32, 48 or 64: those of a low-rank factor. A general BLAS packs both operands, which for
 * these takes as long as the product itself. Row-major; `ld` are row pitches in floats.
 */
#include "vector.h"

/* Rows of the result that are summed in registers at a time. */
#define ROWS 12
/* Terms between two stores of the sums: the part of the operands that is used again stays in the cache. */
#define TERMS 256

#define UNROLL _Pragma("GCC unroll 16")

/* c[0..rows) (+)= alpha * sum over t of a[row * lda + t] * b[t * bTerm], for 16 columns. */
#define PANEL(rows)                                                                                      \
  static void panel##rows(const float *a, long lda, const float *b, long bTerm, long terms,  \
                          float alpha, int add, float *c, long ldc) {                                    \
    vec sums[rows];                                                                                      \
    UNROLL for (int r = 0; r < rows; r++) sums[r] = splat(0);                                            \
    for (long t = 0; t < terms; t++) {                                                                   \
      const vec right = load(b + t * bTerm, LANES);                                                      \
      UNROLL for (int r = 0; r < rows; r++) sums[r] += splat(a[r * lda + t]) * right;           \
    }                                                                                                    \
    UNROLL for (int r = 0; r < rows; r++) {                                                              \
      const vec value = sums[r] * splat(alpha);                                                          \
      store(c + r * ldc, add ? load(c + r * ldc, LANES) + value : value, LANES);                         \
    }                                                                                                    \
  }
PANEL(12)
PANEL(4)
PANEL(1)

static void rows_of(const float *a, long lda, const float *b, long bTerm, long terms, long m,
                    float alpha, int add, float *c, long ldc) {
  long i = 0;
  for (; i + ROWS <= m; i += ROWS)
    panel12(a + i * lda, lda, b, bTerm, terms, alpha, add, c + i * ldc, ldc);
  for (; i + 4 <= m; i += 4) panel4(a + i * lda, lda, b, bTerm, terms, alpha, add, c + i * ldc, ldc);
  for (; i < m; i++) panel1(a + i * lda, lda, b, bTerm, terms, alpha, add, c + i * ldc, ldc);
}

/* C [m, n] = alpha A op(B) + beta C for n a multiple of 16 and beta 0 or 1. */
void tuneyard_thinProduct(int transB, int m, int n, int k, float alpha, const float *a, int lda,
                          const float *b, int ldb, float beta, float *c, int ldc) {
  float packed[TERMS * LANES];
  for (long column = 0; column < n; column += LANES)
    for (long begin = 0; begin < k; begin += TERMS) {
      const long terms = k - begin < TERMS ? k - begin : TERMS;
      const float *right = b + begin * ldb + column;
      long pitch = ldb;
      if (transB) {
        for (long t = 0; t < terms; t++)
          for (long j = 0; j < LANES; j++) packed[t * LANES + j] = b[(column + j) * ldb + begin + t];
        right = packed;
        pitch = LANES;
      }
      const int add = beta != 0 || begin > 0;
      rows_of(a + begin, lda, right, pitch, terms, m, alpha, add, c + column, ldc);
    }
}

#define WIDE 3
#define TALL 8

/* C [m, n] = alpha A^T B + beta C for A [k, m] with m a multiple of 8 and beta 0 or 1: m is the thin side. */
void tuneyard_thinTransposed(int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb,
                             float beta, float *c, int ldc) {
  for (long begin = 0; begin < k; begin += TERMS) {
    const long end = begin + TERMS < k ? begin + TERMS : k;
    const int add = beta != 0 || begin > 0;
    for (long j = 0; j < n; j += WIDE * LANES)
      for (long i = 0; i < m; i += TALL) {
        vec sums[TALL][WIDE];
        UNROLL for (int r = 0; r < TALL; r++) UNROLL for (int w = 0; w < WIDE; w++) sums[r][w] = splat(0);
        if (n - j >= WIDE * LANES)
          for (long t = begin; t < end; t++) {
            vec right[WIDE];
            UNROLL for (int w = 0; w < WIDE; w++) right[w] = load(b + t * ldb + j + w * LANES, LANES);
            UNROLL for (int r = 0; r < TALL; r++) {
              const vec left = splat(a[t * lda + i + r]);
              UNROLL for (int w = 0; w < WIDE; w++) sums[r][w] += left * right[w];
            }
          }
        else
          for (long t = begin; t < end; t++)
            for (int w = 0; w < WIDE && j + w * LANES < n; w++) {
              const vec right = load(b + t * ldb + j + w * LANES, n - j - w * LANES);
              for (int r = 0; r < TALL; r++) sums[r][w] += splat(a[t * lda + i + r]) * right;
            }
        for (int r = 0; r < TALL; r++)
          for (int w = 0; w < WIDE && j + w * LANES < n; w++) {
            float *to = c + (i + r) * ldc + j + w * LANES;
            const long left = n - j - w * LANES;
            const vec value = sums[r][w] * splat(alpha);
            store(to, add ? load(to, left) + value : value, left);
          }
      }
  }
}
