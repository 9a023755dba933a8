import type { FrameSink } from './data-plane.js';
import type { EncodedFrame } from './wire-format.js';

/** A frame, or how to make it when its turn comes. */
export type OutgoingFrame = EncodedFrame | (() => EncodedFrame);

export function madeFrame(frame: OutgoingFrame): EncodedFrame {
  return typeof frame === 'function' ? frame() : frame;
}

/** Frames for one peer in one generation: waits until the peer pulls, and then as the peer reads. */
export class Outbox {
  #sink: FrameSink | undefined;
  #waiting: OutgoingFrame[] = [];
  #next = 0;
  #blocked = false;
  #retired = false;
  #close: () => void = () => {};
  /** Resolves when the peer has read everything and the stream has ended, or the peer is gone. */
  readonly closed = new Promise<void>((resolve) => (this.#close = resolve));

  /** The peer's pull. A second one means that the first broke: frames may be lost, so it is refused. */
  attach(sink: FrameSink): void {
    if (this.#sink !== undefined) return sink.refuse('stale');
    this.#sink = sink;
    sink.onDrain(() => {
      this.#blocked = false;
      this.#flush();
    });
    sink.onClose(() => {
      this.#clear();
      this.#blocked = true;
      this.#close();
    });
    this.#flush();
  }

  send(...frames: readonly OutgoingFrame[]): void {
    if (this.#retired) return;
    this.#waiting.push(...frames);
    this.#flush();
  }

  /** No more frames: ends the stream after what is waiting. */
  retire(): void {
    if (this.#retired) return;
    this.#retired = true;
    // Their numbers may change from here on. Made now, a frame that is overtaken by that shows as damaged.
    this.#waiting = this.#waiting.slice(this.#next).map(madeFrame);
    this.#next = 0;
    if (this.#sink === undefined && this.#waiting.length === 0) this.#close();
    this.#flush();
  }

  /** Ends the stream now. */
  destroy(): void {
    this.#clear();
    this.#retired = true;
    this.#sink?.end();
  }

  #clear(): void {
    this.#waiting = [];
    this.#next = 0;
  }

  #flush(): void {
    const sink = this.#sink;
    if (sink === undefined) return;
    sink.batch(() => {
      while (!this.#blocked && this.#next < this.#waiting.length) {
        const frame = this.#waiting[this.#next++];
        if (frame !== undefined && !sink.write(madeFrame(frame))) this.#blocked = true;
      }
    });
    if (this.#next < this.#waiting.length) return;
    this.#clear();
    if (this.#retired) sink.end();
  }
}
