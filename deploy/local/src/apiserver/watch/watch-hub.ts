import type { ServerResponse } from 'node:http';

export interface ActiveWatch {
  bucket: string;
  response: ServerResponse;
}

/** The open watches, so that they can be counted, cut and closed. */
export class WatchHub {
  private readonly active = new Set<ActiveWatch>();

  add(watch: ActiveWatch): () => void {
    this.active.add(watch);
    return () => {
      this.active.delete(watch);
    };
  }

  get count(): number {
    return this.active.size;
  }

  /** Breaks the connections of all watches, or of those of one bucket, without an end of stream. Returns how many. */
  cut(bucket?: string): number {
    const chosen = [...this.active].filter((watch) => bucket === undefined || watch.bucket === bucket);
    for (const watch of chosen) watch.response.destroy();
    return chosen.length;
  }

  /** Ends all streams in order. */
  closeAll(): void {
    for (const watch of this.active) watch.response.end();
  }
}
