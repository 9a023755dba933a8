/* Kernels over rows of tokens: norms and rotary positions. */
#include "vector.h"

#define EACH(j, d) for (long j = 0; j < (d); j += LANES)

/* inverse[i] = 1 / sqrt(mean(x_i^2) + eps); y = x * inverse * (w + offset). */
void tuneyard_rmsNorm(const float *x, const float *w, float *y, float *inverse, int n, int d, float eps,
                      float offset) {
  const vec shift = splat(offset);
  for (int i = 0; i < n; i++, x += d, y += d) {
    vec squares = splat(0);
    EACH(j, d) {
      const vec v = load(x + j, d - j);
      squares += v * v;
    }
    const float r = 1.0f / sqrtf(sum(squares) / (float)d + eps);
    inverse[i] = r;
    EACH(j, d) store(y + j, load(x + j, d - j) * splat(r) * (load(w + j, d - j) + shift), d - j);
  }
}

/* dx = r * (dy w) - x * r^3 * mean(dy w x); when dw is given, dw += dy * x * r. */
void tuneyard_rmsNormGrad(const float *x, const float *w, const float *inverse, const float *dy, float *dx,
                          float *dw, int n, int d, float offset) {
  const vec shift = splat(offset);
  for (int i = 0; i < n; i++, x += d, dy += d, dx += d) {
    const float r = inverse[i];
    vec dots = splat(0);
    EACH(j, d) {
      const vec g = load(dy + j, d - j), v = load(x + j, d - j);
      dots += g * (load(w + j, d - j) + shift) * v;
      if (dw) store(dw + j, load(dw + j, d - j) + g * (v * splat(r)), d - j);
    }
    const vec pull = splat(sum(dots) / (float)d * r * (r * r));
    EACH(j, d) {
      const vec gain = load(dy + j, d - j) * (load(w + j, d - j) + shift);
      store(dx + j, gain * splat(r) - load(x + j, d - j) * pull, d - j);
    }
  }
}

/* y = (x - mean) * inverse * w + b; `stats` receives mean and inverse of each row. */
void tuneyard_layerNorm(const float *x, const float *w, const float *b, float *y, float *stats, int n, int d,
                        float eps) {
  for (int i = 0; i < n; i++, x += d, y += d, stats += 2) {
    vec total = splat(0), squares = splat(0);
    EACH(j, d) total += load(x + j, d - j);
    const float mean = sum(total) / (float)d;
    EACH(j, d) {
      /* Lanes beyond the row take the mean, so that they add nothing. */
      const vec v = load_or(x + j, d - j, mean) - splat(mean);
      squares += v * v;
    }
    const float r = 1.0f / sqrtf(sum(squares) / (float)d + eps);
    stats[0] = mean;
    stats[1] = r;
    EACH(j, d) {
      const vec normal = (load(x + j, d - j) - splat(mean)) * splat(r);
      store(y + j, normal * load(w + j, d - j) + load(b + j, d - j), d - j);
    }
  }
}

/* dx = r * (dy w - mean(dy w) - xhat mean(dy w xhat)); when dw is given, dw += dy xhat and db += dy. */
void tuneyard_layerNormGrad(const float *x, const float *w, const float *stats, const float *dy, float *dx,
                            float *dw, float *db, int n, int d) {
  for (int i = 0; i < n; i++, x += d, dy += d, dx += d, stats += 2) {
    const vec center = splat(stats[0]), factor = splat(stats[1]);
    vec total = splat(0), dots = splat(0);
    EACH(j, d) {
      const long left = d - j;
      const vec g = load(dy + j, left), normal = (load(x + j, left) - center) * factor;
      const vec gain = g * load(w + j, left);
      total += gain;
      dots += gain * normal;
      if (dw) {
        store(dw + j, load(dw + j, left) + g * normal, left);
        store(db + j, load(db + j, left) + g, left);
      }
    }
    const vec mean = splat(sum(total) / (float)d), dot = splat(sum(dots) / (float)d);
    EACH(j, d) {
      const long left = d - j;
      const vec normal = (load(x + j, left) - center) * factor;
      store(dx + j, factor * (load(dy + j, left) * load(w + j, left) - mean - normal * dot), left);
    }
  }
}

/* x [n, heads * 2 * half] turned by sign * angle of each row's position; tables [positions, half]. */
void tuneyard_rope(const float *x, float *y, const float *cosines, const float *sines, const int32_t *positions, int n,
                   int heads, int half, float sign) {
  for (int i = 0; i < n; i++) {
    const float *c0 = cosines + (long)positions[i] * half, *s0 = sines + (long)positions[i] * half;
    for (int h = 0; h < heads; h++, x += 2 * half, y += 2 * half) {
      EACH(j, half) {
        const long left = half - j;
        const vec a = load(x + j, left), b = load(x + half + j, left);
        const vec c = load(c0 + j, left), s = load(s0 + j, left) * splat(sign);
        store(y + j, a * c - b * s, left);
        store(y + half + j, b * c + a * s, left);
      }
    }
  }
}
