import * as tf from '@tensorflow/tfjs-core';
import { checkIndices, checkShape } from '../checks.js';
import { withGradient } from '../custom-gradient.js';
import { FUSED } from '../fused-kernels.js';
import { hasKernel, isRecording } from '../kernel.js';
import type { Indices, Matrix } from '../types.js';

/** Labels of rows that are not trained. Same value as PyTorch's `ignore_index`. */
const IGNORED = -100;

export interface HeadOptions {
  /** Logits become softcap * tanh(logits / softcap) (Gemma 2). Default: no cap. */
  readonly softcap?: number | undefined;
}

export interface CrossEntropyOptions extends HeadOptions {
  /** True computes the gradient of the head too. Default false. */
  readonly trainable?: boolean;
}

/** x head^T, capped: x [n, d], head [V, d], result [n, V]. For inference: training never holds all logits. */
export function logits(x: Matrix, head: Matrix, options: HeadOptions = {}): Matrix {
  checkShape('logits', 'x', x, [null, head.shape[1]]);
  return capped(tf.matMul(x, head, false, true), options.softcap);
}

/**
 * Sum over the rows with a label of -log softmax(x head^T)[label], in nats. Not a mean: the caller divides by the
 * number of trained tokens of the global batch.
 * x [n, d]; head [V, d]; labels int32 [n], -100 = row ignored. Gradients to x, and to head when trainable.
 * The gradient is computed along with the loss, a chunk of rows at a time, so that [n, V] never exists.
 */
export function crossEntropy(
  x: Matrix,
  head: Matrix,
  labels: Indices,
  options: CrossEntropyOptions = {},
): tf.Scalar {
  const n = x.shape[0];
  checkShape('crossEntropy', 'x', x, [null, head.shape[1]]);
  checkIndices('crossEntropy', 'labels', labels, n);
  const inputs = options.trainable === true ? [x, head] : [x];
  return withGradient<tf.Scalar>(inputs, () => {
    const { loss, gradients } = hasKernel(FUSED.crossEntropy)
      ? lossAndGradientsFused(x, head, labels, options)
      : lossAndGradients(x, head, labels, options);
    return {
      value: loss,
      saved: { dx: gradients[0], dHead: gradients[1] },
      gradient: (dy, { dx, dHead }) => [dx, dHead].flatMap((g) => (g === undefined ? [] : [tf.mul(g, dy)])),
    };
  });
}

/**
 * Rows of logits held at a time, within `floats`. Each chunk reads and packs the whole head twice, so at least 128; more
 * than 512 gain nothing.
 */
function chunkRows(vocabulary: number, floats: number): number {
  const rows = Math.floor(floats / vocabulary);
  return Math.max(128, vocabulary < 2048 ? Math.floor(2 ** 20 / vocabulary) : Math.min(512, rows));
}

/** 64 MiB of logits; composed of plain ops there are several arrays of that size at a time. */
const FUSED_FLOATS = 2 ** 24;
const COMPOSED_FLOATS = 2 ** 22;

interface LossAndGradients {
  readonly loss: tf.Scalar;
  /** d loss / d x, then d loss / d head when trainable. */
  readonly gradients: tf.Tensor[];
}

function lossAndGradientsFused(
  x: Matrix,
  head: Matrix,
  labels: Indices,
  options: CrossEntropyOptions,
): LossAndGradients {
  const attrs = {
    softcap: options.softcap ?? 0,
    chunk: chunkRows(head.shape[0], FUSED_FLOATS),
    gradient: isRecording(),
    trainable: options.trainable === true,
  };
  type Outputs = [tf.Scalar, ...tf.Tensor[]];
  const [loss, ...gradients] = tf.engine().runKernel<Outputs>(FUSED.crossEntropy, { x, head, labels }, attrs);
  return { loss, gradients };
}

function lossAndGradients(
  x: Matrix,
  head: Matrix,
  labels: Indices,
  options: CrossEntropyOptions,
): LossAndGradients {
  const [n, width] = x.shape;
  const rows = chunkRows(head.shape[0], COMPOSED_FLOATS);
  const dx: Matrix[] = [];
  let dHead: Matrix | undefined;
  let loss = tf.scalar(0);
  for (let begin = 0; begin < n; begin += rows) {
    const size = Math.min(rows, n - begin);
    const chunk = tf.tidy(() => {
      const xChunk = tf.slice(x, [begin, 0], [size, width]);
      const { rowLoss, dLogits } = chunkGradient(
        xChunk,
        head,
        tf.slice(labels, [begin], [size]),
        options.softcap,
      );
      const result = { loss: tf.add<tf.Scalar>(loss, tf.sum(rowLoss)), dx: tf.matMul<Matrix>(dLogits, head) };
      if (options.trainable !== true) return result;
      const added = tf.matMul<Matrix>(dLogits, xChunk, true, false);
      return { ...result, dHead: dHead === undefined ? added : tf.add<Matrix>(dHead, added) };
    });
    tf.dispose([loss, ...(dHead === undefined ? [] : [dHead])]);
    loss = chunk.loss;
    dHead = 'dHead' in chunk ? chunk.dHead : undefined;
    dx.push(chunk.dx);
  }
  const gradients: tf.Tensor[] = [tf.concat2d(dx, 0)];
  if (options.trainable === true) gradients.push(dHead ?? tf.zerosLike(head));
  return { loss, gradients };
}

function chunkGradient(
  x: Matrix,
  head: Matrix,
  labels: Indices,
  softcap: number | undefined,
): { rowLoss: tf.Tensor; dLogits: Matrix } {
  const z = capped(tf.matMul(x, head, false, true), softcap);
  const trained = tf.cast(tf.notEqual(labels, tf.scalar(IGNORED, 'int32')), 'float32');
  const target = tf.cast(tf.oneHot(tf.maximum(labels, tf.scalar(0, 'int32')), head.shape[0]), 'float32');
  const shifted = tf.sub(z, tf.max(z, 1, true));
  const exp = tf.exp(shifted);
  const total = tf.sum(exp, 1, true);
  const picked = tf.sum(tf.mul(shifted, target), 1);
  const rowLoss = tf.mul(tf.sub(tf.log(tf.squeeze(total, [1])), picked), trained);
  const dz = tf.mul<Matrix>(tf.sub(tf.div(exp, total), target), tf.expandDims(trained, 1));
  if (softcap === undefined) return { rowLoss, dLogits: dz };
  return { rowLoss, dLogits: tf.mul(dz, tf.sub(1, tf.square(tf.div(z, softcap)))) };
}

function capped(z: Matrix, softcap: number | undefined): Matrix {
  return softcap === undefined ? z : tf.mul(tf.tanh(tf.div(z, softcap)), softcap);
}
