/** What the model knows of a cluster. Bytes per second each way; all links are full duplex. */
export interface NetworkShape {
  /** By worker: the number of its node. */
  readonly nodeOf: readonly number[];
  /** What one worker process can send, and receive at the same time: all that it moves passes here. */
  readonly workerBytesPerSecond: number;
  /** By node: its network card, which its workers share; traffic within the node does not pass it. */
  readonly nodeBytesPerSecond: readonly number[];
  /** From worker to worker of one node, seconds. */
  readonly nearLatency: number;
  /** From node to node. */
  readonly farLatency: number;
  /** Messages share a link packet by packet; default 64 KiB. */
  readonly packetBytes?: number;
}

interface Packet {
  readonly bytes: number;
  readonly flow: number;
  readonly path: readonly Hop[];
  hop: number;
  readonly arrived: (() => void) | undefined;
}

interface Hop {
  readonly link: Link;
  /** Until the next link has it, seconds. */
  readonly latency: number;
}

/**
 * Workers on nodes as links with a bandwidth and a latency. A message goes packet by packet through its sender's link,
 * the cards of both nodes if they differ, and its receiver's link; messages between the same two arrive in order, and
 * flows take turns on a link.
 */
export class ModelledNetwork {
  now = 0;
  /** Bytes that left each node. */
  readonly bytesFromNode: number[];
  readonly #events = new EventQueue();
  readonly #sending: readonly Link[];
  readonly #receiving: readonly Link[];
  readonly #leaving: readonly Link[];
  readonly #entering: readonly Link[];

  constructor(private readonly shape: NetworkShape) {
    const after = (delay: number, run: () => void): void => this.#events.add(this.now + delay, run);
    const workers = (): Link[] => shape.nodeOf.map(() => new Link(shape.workerBytesPerSecond, after));
    const nodes = (): Link[] => shape.nodeBytesPerSecond.map((rate) => new Link(rate, after));
    [this.#sending, this.#receiving] = [workers(), workers()];
    [this.#leaving, this.#entering] = [nodes(), nodes()];
    this.bytesFromNode = shape.nodeBytesPerSecond.map(() => 0);
  }

  /** `arrived` is called when the last byte has reached the worker `to`. */
  send(from: number, to: number, bytes: number, arrived: () => void): void {
    const { packetBytes = 1 << 16, nodeOf } = this.shape;
    const path = this.#path(from, to);
    const node = nodeOf[from] ?? 0;
    if (node !== nodeOf[to]) this.bytesFromNode[node] = (this.bytesFromNode[node] ?? 0) + bytes;
    const flow = from * nodeOf.length + to;
    for (let left = bytes; left > 0; left -= packetBytes)
      path[0]?.link.add({
        bytes: Math.min(left, packetBytes),
        flow,
        path,
        hop: 0,
        arrived: left <= packetBytes ? arrived : undefined,
      });
  }

  /** Until nothing is under way; seconds since the beginning. */
  run(): number {
    for (let event = this.#events.next(); event !== undefined; event = this.#events.next()) {
      this.now = event.at;
      event.run();
    }
    return this.now;
  }

  #path(from: number, to: number): Hop[] {
    const { nodeOf, nearLatency, farLatency } = this.shape;
    const [left, right] = [nodeOf[from] ?? 0, nodeOf[to] ?? 0];
    const hops: [Link | undefined, number][] =
      left === right
        ? [[this.#sending[from], nearLatency]]
        : [
            [this.#sending[from], 0],
            [this.#leaving[left], farLatency],
            [this.#entering[right], 0],
          ];
    hops.push([this.#receiving[to], 0]);
    return hops.flatMap(([link, latency]) => (link === undefined ? [] : [{ link, latency }]));
  }
}

/** Serves one packet at a time, the flows in turn. */
class Link {
  readonly #flows = new Map<number, Packet[]>();
  #busy = false;

  constructor(
    private readonly bytesPerSecond: number,
    private readonly after: (delay: number, run: () => void) => void,
  ) {}

  add(packet: Packet): void {
    const queue = this.#flows.get(packet.flow);
    if (queue === undefined) this.#flows.set(packet.flow, [packet]);
    else queue.push(packet);
    if (!this.#busy) this.#serve();
  }

  #serve(): void {
    const [first] = this.#flows;
    this.#busy = first !== undefined;
    if (first === undefined) return;
    const [flow, queue] = first;
    const packet = queue.shift();
    // The next turn is another flow's.
    this.#flows.delete(flow);
    if (queue.length > 0) this.#flows.set(flow, queue);
    if (packet === undefined) return;
    this.after(packet.bytes / this.bytesPerSecond, () => {
      const latency = packet.path[packet.hop]?.latency ?? 0;
      packet.hop += 1;
      const next = packet.path[packet.hop]?.link;
      if (next !== undefined) this.after(latency, () => next.add(packet));
      else packet.arrived?.();
      this.#serve();
    });
  }
}

interface TimedEvent {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** A binary heap; what is due at the same time runs in the order in which it was added. */
class EventQueue {
  readonly #heap: TimedEvent[] = [];
  #added = 0;

  add(at: number, run: () => void): void {
    const event = { at, order: this.#added++, run };
    let place = this.#heap.push(event) - 1;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || !isSooner(event, parent)) break;
      this.#heap[place] = parent;
      place = above;
    }
    this.#heap[place] = event;
  }

  next(): TimedEvent | undefined {
    const [first] = this.#heap;
    const last = this.#heap.pop();
    if (first === undefined || last === undefined || this.#heap.length === 0) return first;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      const [left, right] = [this.#heap[below], this.#heap[below + 1]];
      if (left === undefined) break;
      let sooner = left;
      if (right !== undefined && isSooner(right, left)) {
        sooner = right;
        below += 1;
      }
      if (!isSooner(sooner, last)) break;
      this.#heap[place] = sooner;
      place = below;
    }
    this.#heap[place] = last;
    return first;
  }
}

function isSooner(left: TimedEvent, right: TimedEvent): boolean {
  return left.at < right.at || (left.at === right.at && left.order < right.order);
}
