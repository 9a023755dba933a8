import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What goes wrong with one answer. */
export type Fault =
  | { readonly kind: 'status'; readonly status: number }
  /** Ends the connection after so many bytes of the body. */
  | { readonly kind: 'cut'; readonly after: number }
  /** Sends nothing more after so many bytes, and keeps the connection. */
  | { readonly kind: 'stall'; readonly after: number }
  /** Flips a bit of the body. */
  | { readonly kind: 'damage' };

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
}

/** A web server on a free port of this machine whose answers go wrong as told. */
export class FaultServer {
  readonly seen: SeenRequest[] = [];
  private readonly faults: { readonly when: (request: SeenRequest) => boolean; readonly fault: Fault }[] = [];

  private constructor(
    private readonly server: ReturnType<typeof createServer>,
    readonly url: string,
  ) {}

  static async start(handle: (server: () => FaultServer) => RequestListener): Promise<FaultServer> {
    let started: FaultServer | undefined;
    const listener = handle(() => started as FaultServer);
    const server = createServer((request, response) => {
      const { method = '', url = '', headers } = request;
      started?.seen.push({ method, url, headers });
      listener(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    started = new FaultServer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return started;
  }

  /** The next request of the kind goes wrong; once for each call. */
  fail(when: (request: SeenRequest) => boolean, fault: Fault): void {
    this.faults.push({ when, fault });
  }

  /** Takes the fault that is meant for a request, if there is one. */
  faultFor(request: IncomingMessage): Fault | undefined {
    const seen = { method: request.method ?? '', url: request.url ?? '', headers: request.headers };
    const index = this.faults.findIndex(({ when }) => when(seen));
    return index < 0 ? undefined : this.faults.splice(index, 1)[0]?.fault;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** Sends a file as web servers do, with ranges, in the way that the fault says. */
export function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  content: Buffer,
  { etag, fault }: { readonly etag?: string; readonly fault?: Fault | undefined },
): void {
  if (fault?.kind === 'status')
    return void response.writeHead(fault.status, { 'retry-after': '0' }).end('no');
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const valid = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
  const headers: Record<string, string> = etag === undefined ? {} : { etag };
  let body = content;
  let status = 200;
  if (range !== null && valid) {
    const from = Number(range[1]);
    if (from >= content.length) {
      return void response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
    }
    const to = range[2] === '' ? content.length - 1 : Math.min(Number(range[2]), content.length - 1);
    body = content.subarray(from, to + 1);
    headers['content-range'] = `bytes ${from}-${to}/${content.length}`;
    status = 206;
  }
  response.writeHead(status, { ...headers, 'content-length': String(body.length) });
  switch (fault?.kind) {
    case 'cut':
      response.write(body.subarray(0, fault.after), () => response.socket?.end());
      break;
    case 'stall':
      response.write(body.subarray(0, fault.after));
      break;
    case 'damage': {
      const wrong = Buffer.from(body);
      wrong[wrong.length >> 1]! ^= 1;
      response.end(wrong);
      break;
    }
    default:
      response.end(body);
  }
}
