import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * What a link does to its bytes. Hit what is connected at that moment: `reset`, and `half-open`, where nothing arrives
 * any more and nobody is told. Hit all bytes until the link is healed: `delay` (200 ms each way), `loss` (5 % of the
 * pieces come late, and all behind them, as TCP shows a lost packet), `slow` (the reader takes 256 KiB a second) and
 * `partition` (nothing moves; what was sent arrives when it is healed). Hit the next large piece: `corrupt` and
 * `truncate`.
 */
export type LinkFault =
  'reset' | 'half-open' | 'delay' | 'loss' | 'slow' | 'partition' | 'corrupt' | 'truncate';

const DELAY_MS = 200;
const LOSS = 0.05;
/** The least that Linux waits before it sends again. */
const RETRANSMISSION_MS = 200;
const SLOW_BYTES_PER_MS = 256;
/** More than this on its way makes the sender wait. */
const MAX_PENDING_BYTES = 1 << 16;

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  silent: boolean;
}

/** One way of a link. */
interface Lane {
  readonly from: Socket;
  readonly to: Socket;
  /** On their way, in order, with the time of their arrival (ms of the monotonic clock): none overtakes another. */
  readonly pending: { readonly piece: Buffer; readonly arrivesAt: number }[];
  pendingBytes: number;
}

/** A TCP proxy in front of one listener, which carries bytes faithfully until it is told not to. */
export class FaultProxy {
  readonly #links = new Set<Link>();
  #lasting: LinkFault | undefined;
  #next: 'corrupt' | 'truncate' | undefined;
  /** Faults that have really met bytes or connections. */
  struck = 0;

  private constructor(
    private readonly listener: Server,
    readonly address: string,
    /** `host:port` of the one behind it; connections made before it is known are refused. */
    public target: string,
    private readonly random: () => number,
  ) {}

  static async open(target = '', random: () => number = Math.random): Promise<FaultProxy> {
    const listener = createServer();
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const bound = listener.address();
    const port = typeof bound === 'object' ? (bound?.port ?? 0) : 0;
    const proxy = new FaultProxy(listener, `127.0.0.1:${port}`, target, random);
    listener.on('connection', (client) => {
      const [host = '', to = '0'] = proxy.target.split(':');
      proxy.#carry(client, connect(Number(to), host));
    });
    return proxy;
  }

  inject(fault: LinkFault): void {
    switch (fault) {
      case 'corrupt':
      case 'truncate':
        this.#next = fault;
        return;
      case 'half-open':
      case 'reset':
        for (const link of this.#links) this.#cut(link, fault);
        return;
      default:
        this.#lasting = fault;
        if (fault !== 'partition') return;
        for (const { client, server } of this.#links) for (const socket of [client, server]) socket.pause();
        this.struck += 1;
    }
  }

  /** Bytes are carried faithfully again. */
  heal(): void {
    this.#lasting = undefined;
    for (const { client, server } of this.#links) for (const socket of [client, server]) socket.resume();
  }

  close(): Promise<void> {
    this.listener.close();
    for (const { client, server } of this.#links) for (const socket of [client, server]) socket.destroy();
    return Promise.resolve();
  }

  #cut(link: Link, fault: 'half-open' | 'reset'): void {
    this.struck += 1;
    if (fault === 'half-open') link.silent = true;
    else for (const socket of [link.client, link.server]) socket.resetAndDestroy();
  }

  #carry(client: Socket, server: Socket): void {
    const link: Link = { client, server, silent: false };
    this.#links.add(link);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      const lane: Lane = { from, to, pending: [], pendingBytes: 0 };
      from.setNoDelay(true);
      if (this.#lasting === 'partition') from.pause();
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#links.delete(link);
        if (!link.silent) to.destroy();
      });
      to.on('drain', () => this.#goOn(lane));
      from.on('data', (piece: Buffer) => this.#take(link, lane, piece));
    }
  }

  #take(link: Link, lane: Lane, piece: Buffer): void {
    if (link.silent) return;
    const now = performance.now();
    const last = lane.pending.at(-1)?.arrivesAt ?? now;
    const arrivesAt = Math.max(last, this.#arrival(piece, now, last));
    if (arrivesAt > now) this.struck += 1;
    if (lane.pending.length === 0 && arrivesAt <= now) return this.#deliver(link, lane, piece);
    lane.pending.push({ piece, arrivesAt });
    lane.pendingBytes += piece.byteLength;
    if (this.#lasting === 'slow' && lane.pendingBytes > MAX_PENDING_BYTES) lane.from.pause();
    if (lane.pending.length === 1) this.#deliverLater(link, lane);
  }

  #deliverLater(link: Link, lane: Lane): void {
    const [first] = lane.pending;
    if (first === undefined) return;
    setTimeout(
      () => {
        lane.pending.shift();
        lane.pendingBytes -= first.piece.byteLength;
        this.#deliver(link, lane, first.piece);
        this.#goOn(lane);
        this.#deliverLater(link, lane);
      },
      Math.max(0, first.arrivesAt - performance.now()),
    );
  }

  #arrival(piece: Buffer, now: number, last: number): number {
    switch (this.#lasting) {
      case 'delay':
        return now + DELAY_MS;
      case 'loss':
        return now + (this.random() < LOSS ? RETRANSMISSION_MS : 0);
      case 'slow':
        return Math.max(now, last) + piece.byteLength / SLOW_BYTES_PER_MS;
      default:
        return now;
    }
  }

  #goOn({ from, to, pendingBytes }: Lane): void {
    if (this.#lasting === 'partition' || to.writableNeedDrain || pendingBytes > MAX_PENDING_BYTES) return;
    from.resume();
  }

  #deliver({ client, server, silent }: Link, { from, to }: Lane, piece: Buffer): void {
    if (silent || to.destroyed) return;
    const fault = to === client && piece.byteLength > 4000 ? this.#next : undefined;
    if (fault !== undefined) {
      this.#next = undefined;
      this.struck += 1;
    }
    const middle = piece.byteLength >> 1;
    if (fault === 'truncate') {
      to.end(piece.subarray(0, middle));
      server.destroy();
      return;
    }
    if (fault === 'corrupt') piece[middle] = (piece[middle] ?? 0) ^ 0x10;
    if (!to.write(piece)) from.pause();
  }
}
