import type { Example } from './encode-conversation.js';

/** Tokens of a block. */
const BLOCK = 1 << 18;

/**
 * Keeps the arrays of many examples side by side in large blocks: an array of its own costs a short example more than
 * its tokens do.
 */
export class ExampleStore {
  private ids = new Int32Array(0);
  private trained = new Uint8Array(0);
  private used = 0;

  /** The same example on arrays of the store. */
  keep(example: Example): Example {
    const count = example.inputIds.length;
    if (this.used + count > this.ids.length) {
      this.ids = new Int32Array(Math.max(BLOCK, count));
      this.trained = new Uint8Array(this.ids.length);
      this.used = 0;
    }
    const [begin, end] = [this.used, this.used + count];
    this.used = end;
    this.ids.set(example.inputIds, begin);
    this.trained.set(example.trained, begin);
    return {
      ...example,
      inputIds: this.ids.subarray(begin, end),
      trained: this.trained.subarray(begin, end),
    };
  }
}
