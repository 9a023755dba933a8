/* Arithmetic, gated activations and GELU over flat arrays of any length. */
#include "vector.h"

#define EACH(i, size) for (long i = 0; i < (size); i += LANES)

void tuneyard_add(const float *a, const float *b, float *c, int size) {
  EACH(i, size) store(c + i, load(a + i, size - i) + load(b + i, size - i), size - i);
}

void tuneyard_multiply(const float *a, const float *b, float *c, int size) {
  EACH(i, size) store(c + i, load(a + i, size - i) * load(b + i, size - i), size - i);
}

void tuneyard_swiglu(const float *gate, const float *up, float *y, int size) {
  EACH(i, size) {
    const vec g = load(gate + i, size - i);
    store(y + i, g * sigmoid(g) * load(up + i, size - i), size - i);
  }
}

void tuneyard_swigluGrad(const float *gate, const float *up, const float *dy, float *dGate, float *dUp, int size) {
  EACH(i, size) {
    const long left = size - i;
    const vec g = load(gate + i, left), d = load(dy + i, left);
    const vec s = sigmoid(g), silu = g * s;
    store(dUp + i, d * silu, left);
    store(dGate + i, d * load(up + i, left) * (s * (splat(1) + (g - silu))), left);
  }
}

/* tanh(sqrt(2/pi) (x + 0.044715 x^3)) */
INLINE vec gelu_tanh(vec x) {
  return vtanh((x + x * (x * x) * splat(0.044715f)) * splat(0.7978845608028654f));
}

INLINE vec gelu_of(vec x) { return x * splat(0.5f) * (gelu_tanh(x) + splat(1)); }

/* Derivative of gelu, given t = gelu_tanh(x). */
INLINE vec gelu_slope(vec x, vec t) {
  const vec inner = splat(0.7978845608028654f) * (splat(1) + splat(0.134145f) * (x * x));
  return splat(0.5f) * (splat(1) + t) + splat(0.5f) * x * ((splat(1) - t * t) * inner);
}

void tuneyard_gelu(const float *x, float *y, int size) {
  EACH(i, size) store(y + i, gelu_of(load(x + i, size - i)), size - i);
}

void tuneyard_geluGrad(const float *x, const float *dy, float *dx, int size) {
  EACH(i, size) {
    const vec v = load(x + i, size - i);
    store(dx + i, load(dy + i, size - i) * gelu_slope(v, gelu_tanh(v)), size - i);
  }
}

void tuneyard_geglu(const float *gate, const float *up, float *y, int size) {
  EACH(i, size) store(y + i, gelu_of(load(gate + i, size - i)) * load(up + i, size - i), size - i);
}

void tuneyard_gegluGrad(const float *gate, const float *up, const float *dy, float *dGate, float *dUp, int size) {
  EACH(i, size) {
    const long left = size - i;
    const vec g = load(gate + i, left), d = load(dy + i, left);
    const vec t = gelu_tanh(g);
    store(dUp + i, d * (g * splat(0.5f) * (t + splat(1))), left);
    store(dGate + i, d * load(up + i, left) * gelu_slope(g, t), left);
  }
}

/* weights[i] = levels[code i] * scales[i / 64]; two codes a byte, the first in the high half. */
void tuneyard_nf4Weights(const uint8_t *packed, const float *scales, const float *levels, float *weights, int size) {
  long i = 0;
#if defined(__AVX512F__)
  const __m512 table = _mm512_loadu_ps(levels);
  const __m512i shifts = _mm512_setr_epi32(4, 0, 4, 0, 4, 0, 4, 0, 4, 0, 4, 0, 4, 0, 4, 0);
  const __m512i pairs = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
  /* A byte more than 8 is read at a time: the last ones go the plain way. */
  for (; i + 2 * LANES <= size; i += LANES) {
    const __m512i bytes = _mm512_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(packed + i / 2)));
    const __m512i codes = _mm512_srlv_epi32(_mm512_permutexvar_epi32(pairs, bytes), shifts);
    const __m512 scale = _mm512_set1_ps(scales[i >> 6]);
    _mm512_storeu_ps(weights + i, _mm512_mul_ps(_mm512_permutexvar_ps(codes, table), scale));
  }
#endif
  for (; i < size; i++) {
    const int code = i & 1 ? packed[i >> 1] & 15 : packed[i >> 1] >> 4;
    weights[i] = levels[code] * scales[i >> 6];
  }
}
