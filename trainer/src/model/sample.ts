/** How the next token is drawn. The filters apply in this order: temperature, topK, topP. */
export interface Sampling {
  /** Logits are divided by it; above 0. Towards 0 the likeliest token is left, 1 is the model's own distribution. */
  readonly temperature: number;
  /** Only so many of the likeliest tokens; 0 = all. */
  readonly topK: number;
  /** Only the likeliest tokens that together have this probability (nucleus sampling, Holtzman et al. 2020); 1 = all. */
  readonly topP: number;
  /** The same seed draws the same text, however many prompts are continued at once. */
  readonly seed: number;
}

/**
 * The token that `uniform` draws.
 * @param logits of every token of the vocabulary
 * @param uniform in [0, 1)
 */
export function sampleToken(
  logits: Float32Array,
  { temperature, topK, topP }: Sampling,
  uniform: number,
): number {
  const order = new DescendingOrder(logits);
  const top = logits[order.at(0)] ?? 0;
  const weightOf = (id: number): number => Math.exp(((logits[id] ?? 0) - top) / temperature);
  const all = topK > 0 ? Math.min(topK, logits.length) : logits.length;
  let mass = 0;
  if (all < logits.length) for (let at = 0; at < all; at++) mass += weightOf(order.at(at));
  else for (let id = 0; id < logits.length; id++) mass += weightOf(id);
  let count = all;
  if (topP < 1) {
    const wanted = topP * mass;
    mass = 0;
    for (count = 0; count < all && (count === 0 || mass < wanted); count++) mass += weightOf(order.at(count));
  }
  let left = uniform * mass;
  for (let at = 0; at < count; at++) {
    left -= weightOf(order.at(at));
    if (left < 0) return order.at(at);
  }
  return order.at(count - 1);
}

/**
 * Ids by descending logit, equal ones by id, put in order only as far as they are asked for: a draw needs a few of what
 * may be 150,000. A heap, whose end takes the ids that have been taken from it.
 */
class DescendingOrder {
  readonly #heap: Uint32Array;
  #size: number;

  constructor(private readonly logits: Float32Array) {
    this.#heap = Uint32Array.from(logits.keys());
    this.#size = logits.length;
    for (let at = (this.#size >> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  /** @param rank 0-based, below the number of logits */
  at(rank: number): number {
    const heap = this.#heap;
    while (heap.length - this.#size <= rank) {
      const greatest = heap[0] ?? 0;
      this.#size -= 1;
      heap[0] = heap[this.#size] ?? 0;
      heap[this.#size] = greatest;
      this.#sink(0);
    }
    return heap[heap.length - 1 - rank] ?? 0;
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const sinking = heap[from] ?? 0;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.#precedes(heap[child + 1] ?? 0, heap[child] ?? 0)) child += 1;
      const next = heap[child] ?? 0;
      if (!this.#precedes(next, sinking)) break;
      heap[at] = next;
      at = child;
    }
    heap[at] = sinking;
  }

  #precedes(id: number, other: number): boolean {
    const [logit, than] = [this.logits[id] ?? 0, this.logits[other] ?? 0];
    return logit > than || (logit === than && id < other);
  }
}
