/** Words of a generation. A natural text has fewer different words than this in a few megabytes. */
const CAPACITY = 20_000;

/**
 * Remembers how words are divided into tokens. Two generations of words: a full one becomes the older one, and what
 * the older one still gives moves up. The tokenizer library's own cache reorders itself on every hit, which costs
 * more than dividing a short word, and leaves the memory full of what it has thrown away.
 */
export class WordCache {
  private recent = new Map<string, string[]>();
  private older = new Map<string, string[]>();

  get(word: string): string[] | undefined {
    const tokens = this.recent.get(word);
    if (tokens) return tokens;
    const old = this.older.get(word);
    if (old) this.put(word, old);
    return old;
  }

  put(word: string, tokens: string[]): void {
    if (this.recent.size >= CAPACITY) {
      this.older = this.recent;
      this.recent = new Map();
    }
    this.recent.set(word, tokens);
  }

  clear(): void {
    this.recent.clear();
    this.older.clear();
  }
}
