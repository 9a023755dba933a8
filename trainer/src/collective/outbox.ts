import type { FrameSink } from './data-plane.js';
import type { EncodedFrame } from './wire-format.js';

/** Frames for one peer in one generation: waits until the peer pulls, and then as the peer reads. */
export class Outbox {
  #sink: FrameSink | undefined;
  #waiting: EncodedFrame[] = [];
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
      this.#waiting = [];
      this.#blocked = true;
      this.#close();
    });
    this.#flush();
  }

  send(frame: EncodedFrame): void {
    if (this.#retired) return;
    this.#waiting.push(frame);
    this.#flush();
  }

  /** No more frames: ends the stream after what is waiting. */
  retire(): void {
    this.#retired = true;
    if (this.#sink === undefined && this.#waiting.length === 0) this.#close();
    this.#flush();
  }

  /** Ends the stream now. */
  destroy(): void {
    this.#waiting = [];
    this.#retired = true;
    this.#sink?.end();
  }

  #flush(): void {
    const sink = this.#sink;
    if (sink === undefined) return;
    let sent = 0;
    while (!this.#blocked && sent < this.#waiting.length) {
      const frame = this.#waiting[sent];
      sent += 1;
      if (frame !== undefined && !sink.write(frame)) this.#blocked = true;
    }
    if (sent > 0) this.#waiting = this.#waiting.slice(sent);
    if (this.#retired && this.#waiting.length === 0) sink.end();
  }
}
