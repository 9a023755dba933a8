import type { KubeObject } from '../kube-object.js';

export interface StoreEvent {
  revision: number;
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  bucket: string;
  /** New state; for DELETED the last state, carrying the revision of the deletion. */
  object: KubeObject;
  /** State before; undefined for ADDED. */
  previous: KubeObject | undefined;
}

/** The last changes of one bucket, oldest first, so that watches resume and old list pages stay consistent. */
export class EventLog {
  private events: StoreEvent[] = [];
  /** Changes up to this revision are forgotten. */
  private compactedRevision: number;
  private changed = false;

  constructor(
    private readonly capacity: number,
    startRevision: number,
  ) {
    this.compactedRevision = startRevision;
  }

  append(event: StoreEvent): void {
    this.changed = true;
    this.events.push(event);
    // Trim rarely and by blocks: shifting one element at a time would make every write linear.
    if (this.events.length > this.capacity * 1.25) this.trim(this.events.length - this.capacity);
  }

  /** Events after `revision`, oldest first; undefined when some of them are forgotten. */
  since(revision: number): StoreEvent[] | undefined {
    if (revision < this.compactedRevision) return undefined;
    let low = 0;
    let high = this.events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.events[middle]!.revision > revision) high = middle;
      else low = middle + 1;
    }
    return this.events.slice(low);
  }

  /** Whether anything happened to the bucket since the server started. */
  get hasChanged(): boolean {
    return this.changed;
  }

  get oldestRevision(): number {
    return this.compactedRevision;
  }

  /** Forget everything up to `revision`, as etcd's compaction does. */
  compact(revision: number): void {
    const count = this.events.findIndex((event) => event.revision > revision);
    this.trim(count < 0 ? this.events.length : count);
    this.compactedRevision = Math.max(this.compactedRevision, revision);
  }

  private trim(count: number): void {
    const last = this.events[count - 1];
    if (!last) return;
    this.compactedRevision = last.revision;
    this.events = this.events.slice(count);
  }
}
