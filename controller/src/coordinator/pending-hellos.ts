export interface PendingHelloLimits {
  /** Streams of one address that have not said hello yet. @default 128 */
  readonly perAddress?: number;
  /** Such streams of all addresses. @default 4096 */
  readonly inAll?: number;
}

/**
 * Streams that were opened and have not said hello. Nobody knows yet whose they are, so no budget of a job counts them:
 * what one address, or all together, may keep open is bounded here.
 */
export class PendingHellos {
  readonly #perAddress = new Map<string, number>();
  #count = 0;

  constructor(private readonly limits: PendingHelloLimits = {}) {}

  /** @returns what to call once the stream has said hello or is gone; undefined = too many wait already */
  enter(address: string): (() => void) | undefined {
    const { perAddress = 128, inAll = 4096 } = this.limits;
    const known = this.#perAddress.get(address) ?? 0;
    if (known >= perAddress || this.#count >= inAll) return undefined;
    this.#perAddress.set(address, known + 1);
    this.#count += 1;
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      this.#count -= 1;
      const left = (this.#perAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#perAddress.set(address, left);
      else this.#perAddress.delete(address);
    };
  }
}

/** The host of a peer as gRPC names it, such as `10.0.0.1:4711` or `ipv6:[::1]:4711`: every connection has another port. */
export function hostOfPeer(peer: string): string {
  return peer.replace(/:\d+$/, '');
}
