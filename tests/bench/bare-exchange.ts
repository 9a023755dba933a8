import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

const CHUNK_BYTES = 1 << 20;

/** How the sockets are read: with 'data' events, or into one buffer again and again (net's `onread`). */
export type Reading = 'events' | 'buffer';

/** The traffic of an all-reduce as bare bytes over TCP: the ceiling for everything that does more. */
export class BareExchange {
  readonly #incoming: Socket[] = [];
  readonly #outgoing: Socket[] = [];
  /** What a dialled socket does with the bytes that it has read. */
  readonly #take: ((bytes: number) => void)[] = [];
  readonly #early: number[] = [];
  readonly #buffer = Buffer.alloc(CHUNK_BYTES);

  private constructor(
    private readonly server: Server,
    private readonly reading: Reading,
  ) {
    server.on('connection', (socket) => this.#incoming.push(socket.setNoDelay(true)));
  }

  static async listen(reading: Reading): Promise<BareExchange> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new BareExchange(server, reading);
  }

  get port(): number {
    // eslint-disable-next-line typescript/no-unsafe-type-assertion
    return (this.server.address() as AddressInfo).port;
  }

  /** `ports`: of all ranks; `rank`: this one. */
  async connect(ports: readonly number[], rank: number): Promise<void> {
    for (const [peer, port] of ports.entries()) {
      if (peer === rank) continue;
      const at = this.#outgoing.length;
      this.#early[at] = 0;
      this.#take[at] = (bytes) => (this.#early[at] = (this.#early[at] ?? 0) + bytes);
      const onread = {
        buffer: this.#buffer,
        callback: (bytes: number): boolean => {
          this.#take[at]?.(bytes);
          return true;
        },
      };
      const socket = connect({
        port,
        host: '127.0.0.1',
        noDelay: true,
        ...(this.reading === 'buffer' ? { onread } : {}),
      });
      await once(socket, 'connect');
      this.#outgoing.push(socket);
    }
    while (this.#incoming.length < ports.length - 1) await once(this.server, 'connection');
  }

  /** To each peer so many bytes, from each as many; seconds. */
  async run(bytes: number): Promise<number> {
    const began = performance.now();
    const receive =
      this.reading === 'events'
        ? this.#incoming.map((socket) => readEvents(socket, bytes))
        : this.#outgoing.map((_, at) => this.#readBuffer(at, bytes));
    const senders = this.reading === 'events' ? this.#outgoing : this.#incoming;
    await Promise.all([...receive, ...senders.map((socket) => send(socket, bytes))]);
    return (performance.now() - began) / 1000;
  }

  #readBuffer(at: number, bytes: number): Promise<void> {
    return new Promise((resolve) => {
      let left = bytes;
      const take = (read: number): void => {
        left -= read;
        if (left > 0) return;
        // What the peer sends before this rank listens again.
        this.#early[at] = -left;
        this.#take[at] = (more) => (this.#early[at] = (this.#early[at] ?? 0) + more);
        resolve();
      };
      this.#take[at] = take;
      take(this.#early[at] ?? 0);
    });
  }
}

function readEvents(socket: Socket, bytes: number): Promise<void> {
  return new Promise((resolve) => {
    let left = bytes;
    const take = (piece: Buffer): void => {
      left -= piece.byteLength;
      if (left > 0) return;
      // Paused, it keeps what the peer sends before this rank listens again.
      socket.off('data', take).pause();
      resolve();
    };
    socket.on('data', take).resume();
  });
}

async function send(socket: Socket, bytes: number): Promise<void> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (let left = bytes; left > 0; left -= CHUNK_BYTES)
    if (!socket.write(chunk.subarray(0, Math.min(left, CHUNK_BYTES)))) await once(socket, 'drain');
}
