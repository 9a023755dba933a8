import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server as TcpServer } from 'node:net';
import { Server, ServerCredentials, status, type ServerDuplexStream } from '@grpc/grpc-js';
import {
  CoordinatorService,
  Finished_Outcome,
  type Directive,
  type Finished,
  type WorkerMessage,
} from '@tuneyard/proto';
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

function sessionWith(address: string): CoordinatorSession {
  return new CoordinatorSession({
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
  const session = sessionWith(address);
  cleanups.push(() => session.close());
  const welcome = await session.connect(10_000);
  expect(welcome.heartbeatTimeoutSeconds).toBe(120);
  expect(connections()).toBe(3);
});

const finished = (outcome: Finished_Outcome): Finished => ({
  step: 3,
  outcome,
  reason: '',
  message: '',
  artifacts: [],
  metrics: [],
  timeShares: undefined,
});

/** A session whose coordinator forgets the job once the worker reports its end, without a word. */
async function forgottenAtTheEnd(): Promise<CoordinatorSession> {
  let isKnown = true;
  const port = await coordinator((call) => {
    if (!isKnown) {
      call.emit('error', { code: status.NOT_FOUND, details: 'no such job here (yet)' });
      return;
    }
    const value = { config: undefined, heartbeatIntervalSeconds: 60, heartbeatTimeoutSeconds: 120 };
    call.write({ body: { $case: 'welcome', value } });
    call.on('data', () => {
      isKnown = false;
      call.emit('error', { code: status.UNAVAILABLE, details: 'the job was removed' });
    });
  });
  const session = sessionWith(`127.0.0.1:${port}`);
  cleanups.push(() => session.close());
  await session.connect(10_000);
  return session;
}

it('does not wait for long until somebody hears that it was stopped', async () => {
  const session = await forgottenAtTheEnd();
  await expect(session.finish(finished(Finished_Outcome.OUTCOME_STOPPED))).rejects.toThrow(
    'has been gone for more than 3 s',
  );
}, 15_000);

it('stops waiting for the coordinator to take a result when the process is told to end', async () => {
  const session = await forgottenAtTheEnd();
  const told = session.finish(finished(Finished_Outcome.OUTCOME_COMPLETE));
  session.endSoon();
  await expect(told).rejects.toThrow('has been gone for more than 1 s');
}, 15_000);

it('takes the removal of the job for the answer to its report', async () => {
  const port = await coordinator((call) => {
    const value = { config: undefined, heartbeatIntervalSeconds: 60, heartbeatTimeoutSeconds: 120 };
    call.write({ body: { $case: 'welcome', value } });
    call.on('data', () => {
      call.write({ body: { $case: 'stop', value: { reason: 'the job was removed', checkpoint: false } } });
    });
  });
  const session = sessionWith(`127.0.0.1:${port}`);
  cleanups.push(() => session.close());
  await session.connect(10_000);
  await session.finish(finished(Finished_Outcome.OUTCOME_COMPLETE));
});
