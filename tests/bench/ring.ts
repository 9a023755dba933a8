import { WorkPhase } from '@tuneyard/proto';
import {
  addFloats,
  createHttp2DataPlane,
  decodeFrame,
  encodeFrame,
  FrameDtype,
  FrameKind,
  giveStaging,
  type DataPlane,
  type EncodedFrame,
  type Frame,
  type FrameSink,
} from '@tuneyard/trainer/collective';

const CHUNK_ELEMENTS = 262_144;
const ELEMENT_BYTES = 4;
/** Its data plane has no thread of its own: a rank that makes up values to check with answers nobody meanwhile. */
const PATIENCE_MS = 60_000;

interface Sum {
  readonly vector: Float32Array;
  /** Chunks that are still to be finished here. */
  left: number;
  readonly done: () => void;
}

/**
 * The plain ring all-reduce over the same data plane, frames and kernels, in place: what the canonical order is
 * compared with. Its sums depend on the number of ranks.
 */
export class Ring {
  #sink: FrameSink | undefined;
  #blocked = false;
  #waiting: EncodedFrame[] = [];
  #early: Buffer[] = [];
  #sum: Sum | undefined;
  #step = 0;
  #plane: DataPlane | undefined;

  constructor(
    private readonly rank: number,
    private readonly size: number,
  ) {}

  /** Resolves with the address for the next rank to pull from. */
  async listen(): Promise<string> {
    const options = {
      listenHost: '127.0.0.1',
      advertiseHost: '127.0.0.1',
      silence: { leastPatienceMs: PATIENCE_MS, mostPatienceMs: PATIENCE_MS },
    };
    this.#plane = await createHttp2DataPlane(options, {
      onPull: (_, sink) => {
        this.#sink = sink;
        sink.onDrain(() => {
          this.#blocked = false;
          this.#flush();
        });
        this.#flush();
      },
      onFetchState: () => {
        throw new Error('a ring has no state');
      },
    });
    return this.#plane.bulkAddress;
  }

  /** `address`: of the rank before this one. */
  connect(address: string): void {
    const fail = (reason: string): never => {
      throw new Error(`the ring broke: ${reason}`);
    };
    this.#plane?.pull(
      { memberId: 'before', incarnation: '1', address, bulkAddress: address },
      { jobUid: 'ring', token: '', memberId: `${this.rank}`, incarnation: '1', generation: 1 },
      {
        onMessage: (message) => this.#receive(message),
        onEnd: () => fail('it ended'),
        onError: fail,
      },
    );
  }

  /** Sums the vectors of all ranks into each; seconds. */
  async sum(vector: Float32Array): Promise<number> {
    const began = performance.now();
    this.#step += 1;
    await new Promise<void>((done) => {
      const chunks = Array.from({ length: this.size }, (_, at) => this.#chunksOf(vector, at).length);
      const all = chunks.reduce((sum, count) => sum + count, 0);
      this.#sum = { vector, left: all, done };
      const own = this.#chunksOf(vector, this.rank).map((at) =>
        this.#frame(FrameKind.partial, this.rank, at),
      );
      if (this.size === 1) return done();
      this.#send(...own);
      for (const message of this.#early.splice(0)) this.#receive(message);
    });
    return (performance.now() - began) / 1000;
  }

  /** First elements of the chunks of a segment. */
  #chunksOf(vector: Float32Array, segment: number): number[] {
    const [start, end] = [this.#startOf(vector, segment), this.#startOf(vector, segment + 1)];
    return Array.from(
      { length: Math.ceil((end - start) / CHUNK_ELEMENTS) },
      (_, at) => start + at * CHUNK_ELEMENTS,
    );
  }

  #startOf(vector: Float32Array, segment: number): number {
    const each = 16 * Math.ceil(vector.length / this.size / 16);
    return Math.min(segment * each, vector.length);
  }

  #view(segment: number, first: number): Float32Array {
    const vector = this.#sum?.vector ?? new Float32Array(0);
    return vector.subarray(first, Math.min(first + CHUNK_ELEMENTS, this.#startOf(vector, segment + 1)));
  }

  #receive(message: Buffer): void {
    const frame = decodeFrame(message);
    if (this.#sum === undefined || frame.step !== this.#step) {
      this.#early.push(message);
      return;
    }
    const segment = frame.block.start;
    const target = this.#view(segment, frame.offset);
    const values = floatsOf(frame);
    // After size - 1 hops a partial sum is complete, and a result is where it began.
    const isLast = (segment + this.size - 1) % this.size === this.rank;
    if (frame.kind === FrameKind.partial) {
      addFloats(target, target, values);
      const kind = isLast ? FrameKind.result : FrameKind.partial;
      this.#send(this.#frame(kind, segment, frame.offset));
      if (isLast) this.#finish();
    } else {
      target.set(values);
      const comesRound = (segment + this.size - 2) % this.size === this.rank;
      if (!comesRound) this.#send(this.#frame(FrameKind.result, segment, frame.offset));
      this.#finish();
    }
    giveStaging(message);
  }

  #finish(): void {
    if (this.#sum === undefined || --this.#sum.left > 0) return;
    const { done } = this.#sum;
    this.#sum = undefined;
    done();
  }

  #frame(kind: FrameKind, segment: number, first: number): EncodedFrame {
    const values = this.#view(segment, first);
    return encodeFrame(
      {
        kind,
        phase: WorkPhase.WORK_PHASE_GRADIENT,
        dtype: FrameDtype.f32,
        flags: 0,
        generation: 1,
        step: this.#step,
        block: { start: segment, size: 1 },
        offset: first,
        length: values.length,
      },
      new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    );
  }

  #send(...frames: readonly EncodedFrame[]): void {
    this.#waiting.push(...frames);
    this.#flush();
  }

  #flush(): void {
    const sink = this.#sink;
    sink?.batch(() => {
      while (!this.#blocked && this.#waiting.length > 0) {
        const frame = this.#waiting.shift();
        if (frame !== undefined && !sink.write(frame)) this.#blocked = true;
      }
    });
  }
}

function floatsOf({ body, length }: Frame): Float32Array {
  if (body.byteOffset % ELEMENT_BYTES === 0) return new Float32Array(body.buffer, body.byteOffset, length);
  return new Float32Array(Uint8Array.from(body).buffer);
}
