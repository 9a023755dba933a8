import type * as tf from '@tensorflow/tfjs-core';

/** float32 [rows, columns]. Rows are tokens: n = batch * length. */
export type Matrix = tf.Tensor2D;
/** float32 [size]. */
export type Vector = tf.Tensor1D;
/** int32 [n]: token ids, labels, positions or segment ids of the n rows. */
export type Indices = tf.Tensor1D;
