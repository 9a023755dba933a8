/* Softmax over blocks of attention scores and over logits, in place. What they compute: trainer/assembly. */
#include "vector.h"

#define EACH(j, d) for (long j = 0; j < (d); j += LANES)
#define HIDDEN -1e30f
#define IGNORED -100
/* Floats summed in float32 before the sum moves to float64. */
#define SUM_BLOCK 4096

static void cap_row(float *p, float *slopes, int columns, float scale, float softcap) {
  EACH(j, columns) {
    const vec t = vtanh(load(p + j, columns - j) * splat(scale / softcap));
    store(p + j, t * splat(softcap), columns - j);
    if (slopes) store(slopes + j, splat(1) - t * t, columns - j);
  }
}

/* Hides the scores before its own that row `row` must not see; p is at the column of key c0. */
static void hide_row(float *p, int row, int c0, int window, const int32_t *segments) {
  const int own = row - c0;
  const int first = window > 0 && row - window + 1 > c0 ? row - window + 1 - c0 : 0;
  for (int j = 0; j < first; j++) p[j] = HIDDEN;
  if (!segments) return;
  const int32_t segment = segments[row];
  for (int j = first; j < own; j++)
    if (segment == 0 || segments[c0 + j] != segment) p[j] = HIDDEN;
}

/* exp(factor * score - shift), exactly zero where hidden. */
INLINE vec visible_exp(vec score, float factor, float shift) {
  const vec e = vexp(score * splat(factor) - splat(shift));
  return (vec)((ivec)e & ~(score <= splat(HIDDEN)));
}

void tuneyard_softmaxRows(float *scores, int ld, int rows, int r0, int c0, int prefix, int keys, float scale,
                          float softcap, int window, const int32_t *segments, float *logSums) {
  const float factor = softcap == 0 ? scale : 1;
  for (int i = 0; i < rows; i++) {
    float *p = scores + (long)i * ld;
    const int visible = prefix + r0 + i - c0 + 1;
    if (softcap != 0) cap_row(p, 0, visible, scale, softcap);
    hide_row(p + prefix, r0 + i, c0, window, segments);
    vec top = splat(HIDDEN);
    EACH(j, visible) top = vmax(load_or(p + j, visible - j, HIDDEN), top);
    const float shift = largest(top) * factor;
    vec sums = splat(0);
    EACH(j, visible) {
      const vec e = visible_exp(load_or(p + j, visible - j, HIDDEN), factor, shift);
      store(p + j, e, visible - j);
      sums += e;
    }
    const float total = sum(sums);
    const vec inverse = splat(1.0f / total);
    EACH(j, visible) store(p + j, load(p + j, visible - j) * inverse, visible - j);
    memset(p + visible, 0, sizeof(float) * (size_t)(prefix + keys - visible));
    logSums[i] = shift + logf(total);
  }
}

void tuneyard_softmaxAgain(float *scores, float *slopes, int ld, int rows, int r0, int c0, int prefix, int keys,
                           float scale, float softcap, int window, const int32_t *segments, const float *logSums) {
  const float factor = softcap == 0 ? scale : 1;
  for (int i = 0; i < rows; i++) {
    float *p = scores + (long)i * ld;
    const int visible = prefix + r0 + i - c0 + 1;
    if (softcap != 0) cap_row(p, slopes ? slopes + (long)i * ld : 0, visible, scale, softcap);
    hide_row(p + prefix, r0 + i, c0, window, segments);
    EACH(j, visible)
      store(p + j, visible_exp(load_or(p + j, visible - j, HIDDEN), factor, logSums[i]), visible - j);
    memset(p + visible, 0, sizeof(float) * (size_t)(prefix + keys - visible));
  }
}

/* dP becomes d score = scale * slope * P * (dP - sum(P dP)); row i has `first + i` visible of `columns`. */
void tuneyard_softmaxGrad(const float *probabilities, float *gradient, const float *slopes, int ld, int rows,
                          int first, int columns, float scale) {
  for (int i = 0; i < rows; i++) {
    const float *p = probabilities + (long)i * ld;
    float *g = gradient + (long)i * ld;
    const int visible = first + i;
    vec dots = splat(0);
    EACH(j, visible) dots += load(p + j, visible - j) * load(g + j, visible - j);
    const vec mean = splat(sum(dots));
    EACH(j, visible) {
      const long left = visible - j;
      vec d = splat(scale) * (load(p + j, left) * (load(g + j, left) - mean));
      if (slopes) d *= load(slopes + (long)i * ld + j, left);
      store(g + j, d, left);
    }
    memset(g + visible, 0, sizeof(float) * (size_t)(columns - visible));
  }
}

/* -log softmax[label]; the row becomes softmax - onehot. */
static double row_loss(float *p, int label, int columns) {
  vec top0 = splat(-3.4e38f), top1 = top0;
  long k = 0;
  for (; k + 2 * LANES <= columns; k += 2 * LANES) {
    top0 = vmax(load(p + k, LANES), top0);
    top1 = vmax(load(p + k + LANES, LANES), top1);
  }
  for (; k < columns; k += LANES) top0 = vmax(load_or(p + k, columns - k, -3.4e38f), top0);
  const float highest = largest(vmax(top0, top1));
  const float picked = p[label];
  double total = 0;
  for (long begin = 0; begin < columns; begin += SUM_BLOCK) {
    const long end = begin + SUM_BLOCK < columns ? begin + SUM_BLOCK : columns;
    vec sums = splat(0);
    for (long j = begin; j < end; j += LANES) {
      /* A lane beyond the row is exp(-87) at most: it is masked, not added. */
      const vec e = vexp(load_or(p + j, end - j, -INFINITY) - splat(highest));
      store(p + j, e, end - j);
      sums += end - j >= LANES ? e : load(p + j, end - j);
    }
    total += (double)sum(sums);
  }
  const vec inverse = splat((float)(1.0 / total));
  EACH(j, columns) store(p + j, load(p + j, columns - j) * inverse, columns - j);
  p[label] -= 1;
  return log(total) + (double)highest - (double)picked;
}

/*
 * For each row with a label: adds its loss to the result, and the row becomes the gradient by the logits, times the
 * slope of the softcap. Rows without a label become zero. `row` is scratch of `columns` floats, used with a softcap.
 */
double tuneyard_crossEntropyRows(float *logits, const int32_t *labels, int rows, int columns, float softcap,
                                 float *row) {
  double loss = 0;
  for (int i = 0; i < rows; i++) {
    float *p = logits + (long)i * columns;
    if (labels[i] == IGNORED) {
      memset(p, 0, sizeof(float) * (size_t)columns);
      continue;
    }
    if (softcap != 0) cap_row(p, row, columns, 1, softcap);
    loss += row_loss(p, labels[i], columns);
    if (softcap != 0) EACH(j, columns) store(p + j, load(p + j, columns - j) * load(row + j, columns - j), columns - j);
  }
  return loss;
}
