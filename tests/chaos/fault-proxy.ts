import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** What a link does to the bytes of the one who listens behind it. */
export type LinkFault = 'reset' | 'half-open' | 'delay' | 'corrupt' | 'truncate';

const DELAY_MS = 200;

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  silent: boolean;
}

/** A TCP proxy in front of one listener, which carries bytes faithfully until it is told not to. */
export class FaultProxy {
  readonly #links = new Set<Link>();
  #delayed = false;
  #next: 'corrupt' | 'truncate' | undefined;
  /** Faults that have really met bytes or connections. */
  struck = 0;

  private constructor(
    private readonly listener: Server,
    readonly address: string,
  ) {}

  static async open(target: string): Promise<FaultProxy> {
    const [host = '', port = ''] = target.split(':');
    const listener = createServer();
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const bound = listener.address();
    const proxy = new FaultProxy(listener, `127.0.0.1:${typeof bound === 'object' ? (bound?.port ?? 0) : 0}`);
    listener.on('connection', (client) => proxy.#carry(client, connect(Number(port), host)));
    return proxy;
  }

  /** `delay` lasts; `corrupt` and `truncate` hit the next large piece; the others hit all connections of now. */
  inject(fault: LinkFault): void {
    if (fault === 'delay') this.#delayed = true;
    else if (fault === 'corrupt' || fault === 'truncate') this.#next = fault;
    else
      for (const link of this.#links) {
        this.struck += 1;
        if (fault === 'half-open') link.silent = true;
        else for (const socket of [link.client, link.server]) socket.resetAndDestroy();
      }
  }

  close(): Promise<void> {
    this.listener.close();
    for (const { client, server } of this.#links) for (const socket of [client, server]) socket.destroy();
    return Promise.resolve();
  }

  #carry(client: Socket, server: Socket): void {
    const link: Link = { client, server, silent: false };
    this.#links.add(link);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.setNoDelay(true);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#links.delete(link);
        if (!link.silent) to.destroy();
      });
      from.on('data', (piece: Buffer) => {
        if (link.silent) return;
        const deliver = (): void => this.#deliver(link, to, piece);
        if (!this.#delayed) return deliver();
        this.struck += 1;
        setTimeout(deliver, DELAY_MS);
      });
    }
  }

  #deliver({ client, server, silent }: Link, to: Socket, piece: Buffer): void {
    if (silent || to.destroyed) return;
    const fault = to === client && piece.byteLength > 4000 ? this.#next : undefined;
    if (fault === undefined) {
      to.write(piece);
      return;
    }
    this.#next = undefined;
    this.struck += 1;
    const middle = piece.byteLength >> 1;
    if (fault === 'corrupt') {
      piece[middle] = (piece[middle] ?? 0) ^ 0x10;
      to.write(piece);
    } else {
      to.end(piece.subarray(0, middle));
      server.destroy();
    }
  }
}
