import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server as TcpServer } from 'node:net';
import { Server, ServerCredentials, status, type ServerDuplexStream } from '@grpc/grpc-js';
import { CoordinatorService, type Directive, type WorkerMessage } from '@tuneyard/proto';
import { afterEach, expect, it } from 'vitest';
import { CoordinatorSession } from './coordinator-session.js';

type Call = ServerDuplexStream<WorkerMessage, Directive>;

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

/** A coordinator that answers every Hello in the same way. @returns its port */
async function coordinator(answer: (call: Call) => void): Promise<number> {
  const server = new Server({ 'grpc.enable_channelz': 1 });
  server.addService(CoordinatorService, {
    session: (call: Call) => void call.once('data', () => answer(call)),
  });
  cleanups.push(() => server.forceShutdown());
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
}

/** One address for several servers, each connection to the next one, as a Service spreads them. */
async function spread(ports: readonly number[]): Promise<{ address: string; connections: () => number }> {
  let connections = 0;
  const proxy: TcpServer = createServer((socket) => {
    const upstream = connect(ports[connections++ % ports.length] ?? 0, '127.0.0.1');
    socket.pipe(upstream).pipe(socket);
    for (const end of [socket, upstream]) end.on('error', () => {});
    cleanups.push(() => {
      socket.destroy();
      upstream.destroy();
    });
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  cleanups.push(() => proxy.close());
  return { address: `127.0.0.1:${(proxy.address() as AddressInfo).port}`, connections: () => connections };
}

it('finds the leader behind an address that several controllers share', async () => {
  const standby = await coordinator((call) => {
    call.emit('error', { code: status.NOT_FOUND, details: 'no such job here (yet)' });
  });
  const leader = await coordinator((call) => {
    const value = { config: undefined, heartbeatIntervalSeconds: 60, heartbeatTimeoutSeconds: 120 };
    call.write({ body: { $case: 'welcome', value } });
  });
  const { address, connections } = await spread([standby, standby, leader]);
  const session = new CoordinatorSession({
    address,
    name: 'tuneyard-coordinator',
    hello: () => ({
      job: { namespace: 'n', name: 'j', uid: 'u' },
      token: 't',
      memberId: 'm',
      incarnation: 'i',
      address: '127.0.0.1:1',
      bulkAddress: '',
      committedStep: 0,
      backend: '',
      generation: 0,
    }),
    committedStep: () => 0,
    listener: {
      onWelcome() {},
      onMembership() {},
      onCheckpoint() {},
      onStop() {},
      onJobFinished() {},
      onExpelled() {},
    },
  });
  cleanups.push(() => session.close());
  const welcome = await session.connect(10_000);
  expect(welcome.heartbeatTimeoutSeconds).toBe(120);
  expect(connections()).toBe(3);
});
