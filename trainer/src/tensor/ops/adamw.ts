/** Hyper-parameters of one AdamW update. */
export interface AdamwOptions {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled: p shrinks by learningRate * weightDecay before the update. */
  readonly weightDecay: number;
  /** 1-based number of this update, for the bias corrections. */
  readonly step: number;
}

const f32 = Math.fround;

/**
 * AdamW in place over flat arrays of one length: parameters p, gradient g, moments m and v.
 * Every operation rounds to float32 in the order of torch.optim.AdamW (single-tensor): decay, lerp of m, mul and
 * addcmul of v, sqrt(v) / sqrt(c2) + eps, addcdiv. Loshchilov & Hutter 2019. The same bits on every machine.
 */
export function adamwUpdate(
  p: Float32Array,
  g: Float32Array,
  m: Float32Array,
  v: Float32Array,
  options: AdamwOptions,
): void {
  if (g.length !== p.length || m.length !== p.length || v.length !== p.length)
    throw new TypeError(
      `adamwUpdate: lengths differ: p ${p.length}, g ${g.length}, m ${m.length}, v ${v.length}`,
    );
  const { learningRate, beta1, beta2, epsilon, weightDecay, step } = options;
  const decay = f32(1 - learningRate * weightDecay);
  const lerp = f32(1 - beta1);
  const keepSquare = f32(beta2);
  const addSquare = f32(1 - beta2);
  const correction = f32(Math.sqrt(1 - beta2 ** step));
  const negativeStep = f32(-(learningRate / (1 - beta1 ** step)));
  const eps = f32(epsilon);
  for (let i = 0; i < p.length; i++) {
    const gradient = g[i] ?? 0;
    const first = f32((m[i] ?? 0) + f32(lerp * f32(gradient - (m[i] ?? 0))));
    const scaled = f32(f32(addSquare * gradient) * gradient);
    const second = f32(f32((v[i] ?? 0) * keepSquare) + scaled);
    const denominator = f32(f32(f32(Math.sqrt(second)) / correction) + eps);
    const decayed = f32((p[i] ?? 0) * decay);
    m[i] = first;
    v[i] = second;
    p[i] = decayed + f32(f32(negativeStep * first) / denominator);
  }
}

/** Euclidean norm of a flat array, summed in float64 in index order. */
export function l2Norm(values: Float32Array): number {
  let sum = 0;
  // An index loop: iterating a typed array costs ten times as much.
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    sum += value * value;
  }
  return Math.sqrt(sum);
}
