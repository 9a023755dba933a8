/** Events of one namespace that the stream keeps; the oldest go. All of one stream, 256 MiB, hold about 500,000. */
const MOST_OF_NAMESPACE = 20_000;
/** The server is asked to drop what is too much once for this part of it. */
const LOOKS = 20;

export interface NamespaceShareOptions {
  /** @default 20000 */
  readonly most?: number | undefined;
  /** Drops the oldest events of the namespace until that many are left. */
  readonly dropOldest: (namespace: string, keep: number) => Promise<void>;
  readonly onTrouble: (error: unknown) => void;
}

/**
 * Bounds what one namespace keeps in a stream that knows bounds of single subjects and of all alone: a team with many
 * jobs does not push out what the jobs of others told. Up to a twentieth more is kept between two looks.
 */
export class NamespaceShare {
  readonly #most: number;
  readonly #every: number;
  /** Events since the last look, by namespace. */
  readonly #since = new Map<string, number>();

  constructor(private readonly options: NamespaceShareOptions) {
    this.#most = options.most ?? MOST_OF_NAMESPACE;
    this.#every = Math.max(1, Math.floor(this.#most / LOOKS));
  }

  /** One more event is stored. */
  stored(namespace: string): void {
    const count = (this.#since.get(namespace) ?? 0) + 1;
    if (count < this.#every) {
      this.#since.set(namespace, count);
      return;
    }
    this.#since.delete(namespace);
    this.options.dropOldest(namespace, this.#most).catch(this.options.onTrouble);
  }
}
