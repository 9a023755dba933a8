/* Sixteen float32 lanes: one register with AVX-512, two with AVX2, four with SSE or NEON. */
#ifndef TUNEYARD_VECTOR_H
#define TUNEYARD_VECTOR_H

#include <math.h>
#include <stdint.h>
#include <string.h>
#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

#define LANES 16

typedef float vec __attribute__((vector_size(64)));
typedef int32_t ivec __attribute__((vector_size(64)));

#define INLINE static inline __attribute__((always_inline))

INLINE vec splat(float x) {
  return (vec){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
}

/* Lanes of a where mask is all ones, of b where it is zero. */
INLINE vec pick(ivec mask, vec a, vec b) {
  return (vec)(((ivec)a & mask) | ((ivec)b & ~mask));
}

/* A NaN in the first operand is kept, in the second it is not: call with the data first. */
INLINE vec vmax(vec a, vec b) {
#if defined(__AVX512F__)
  return (vec)_mm512_max_ps((__m512)b, (__m512)a);
#else
  return pick(b > a, b, a);
#endif
}

INLINE vec vmin(vec a, vec b) {
#if defined(__AVX512F__)
  return (vec)_mm512_min_ps((__m512)b, (__m512)a);
#else
  return pick(b < a, b, a);
#endif
}

/* The first `left` floats of p; lanes beyond are `fill`. */
INLINE vec load_or(const float *p, long left, float fill) {
  vec v;
  if (left >= LANES) {
    memcpy(&v, p, sizeof v);
    return v;
  }
#if defined(__AVX512F__)
  const __mmask16 mask = (__mmask16)((1u << left) - 1);
  return (vec)_mm512_mask_loadu_ps((__m512)splat(fill), mask, p);
#else
  v = splat(fill);
  for (long i = 0; i < left; i++) v[i] = p[i];
  return v;
#endif
}

INLINE vec load(const float *p, long left) { return load_or(p, left, 0); }

INLINE void store(float *p, vec v, long left) {
  if (left >= LANES) {
    memcpy(p, &v, sizeof v);
    return;
  }
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << left) - 1), (__m512)v);
#else
  for (long i = 0; i < left; i++) p[i] = v[i];
#endif
}

/* Always the same order of additions. */
INLINE float sum(vec v) {
  float lanes[LANES];
  memcpy(lanes, &v, sizeof v);
  for (int width = LANES / 2; width > 0; width /= 2)
    for (int i = 0; i < width; i++) lanes[i] += lanes[i + width];
  return lanes[0];
}

INLINE float largest(vec v) {
  float lanes[LANES];
  memcpy(lanes, &v, sizeof v);
  float top = lanes[0];
  for (int i = 1; i < LANES; i++) top = lanes[i] > top ? lanes[i] : top;
  return top;
}

/* exp(x), relative error 2e-7 (Cephes expf). Saturates beyond -87.3 and 88.3; NaN stays. */
INLINE vec vexp(vec x) {
  x = vmax(vmin(x, splat(88.3762626647949f)), splat(-87.3365478515625f));
  /* Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits. */
  const vec magic = splat(12582912.0f);
  const vec shifted = x * splat(1.44269504088896341f) + magic;
  const vec n = shifted - magic;
  x = x - n * splat(0.693359375f);
  x = x + n * splat(2.1219444e-4f);
  vec y = splat(1.987569150e-4f);
  y = y * x + splat(1.3981999507e-3f);
  y = y * x + splat(8.3334519073e-3f);
  y = y * x + splat(4.1665795894e-2f);
  y = y * x + splat(1.6666665459e-1f);
  y = y * x + splat(5.0000001201e-1f);
  y = y * (x * x) + x + splat(1.0f);
  const ivec power = ((ivec)shifted + 127) << 23;
  return y * (vec)power;
}

/* tanh(x): a polynomial below 0.625 (Cephes tanhf), 1 - 2 / (exp(2|x|) + 1) above. */
INLINE vec vtanh(vec x) {
  const ivec sign = (ivec)splat(-0.0f);
  const vec magnitude = vmin((vec)((ivec)x & ~sign), splat(20));
  const vec large = splat(1) - splat(2) / (vexp(magnitude + magnitude) + splat(1));
  const vec square = magnitude * magnitude;
  vec y = splat(-5.70498872745e-3f);
  y = y * square + splat(2.06390887954e-2f);
  y = y * square + splat(-5.37397155531e-2f);
  y = y * square + splat(1.33314422036e-1f);
  y = y * square + splat(-3.33332819422e-1f);
  const vec small = y * square * magnitude + magnitude;
  const vec result = pick(magnitude < splat(0.625f), small, large);
  return (vec)((ivec)result | ((ivec)x & sign));
}

INLINE vec sigmoid(vec x) { return splat(1) / (splat(1) + vexp(-x)); }

#endif
