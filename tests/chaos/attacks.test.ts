import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';

import {
  type ChannelCredentials,
  credentials,
  status,
  type ClientDuplexStream,
  type ServiceError,
} from '@grpc/grpc-js';
import {
  COORDINATOR_NAME,
  createControllerAuthority,
  type Authority,
} from '@tuneyard/controller/certificates';
import { CoordinatorClient, type Directive, type WorkerMessage } from '@tuneyard/proto';
import type { TlsMaterial } from '@tuneyard/trainer/collective';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { coordinatorTls, workerMaterial } from '../support/certificates.js';
import { median } from '../support/quantile.js';
import type { AttackOrder, AttackReport } from './attacker-process.js';
import type { BesiegedOrder, BesiegedQuestion } from './besieged-process.js';
import { preparePrograms, programFile } from './programs.js';

const authority = createControllerAuthority(Date.now());
const JOBS = { mine: 'token of mine', other: 'token of other', deleted: 'token of deleted' };
/** A worker that has said nothing for so long is expelled. */
const HEARTBEAT_TIMEOUT_MS = 5000;
const HEARTBEAT_MS = 1000;
/** Between two looks at how honest members fare. */
const SAMPLE_MS = 20;

let besieged: ChildProcess;
let address: string;
let honest: Session;
let heartbeats: NodeJS.Timeout | undefined;
const attackers: ChildProcess[] = [];

beforeAll(async () => {
  await preparePrograms('besieged-process', 'attacker-process');
  const order: BesiegedOrder = { tls: coordinatorTls(authority), jobs: JOBS };
  besieged = spawn(process.execPath, [programFile('besieged-process'), JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  if (besieged.stdout === null) throw new Error('no pipe');
  [address] = (await once(createInterface({ input: besieged.stdout }), 'line')) as [string];
  honest = new Session(credentialsOf(workerMaterial(authority, 'mine', 'w0')));
  honest.hello('mine', 'w0');
  await honest.directive('welcome');
  honest.write({ $case: 'ready', value: { committedStep: 0, totalSteps: 10 } });
  await honest.directive('membership');
  heartbeats = setInterval(
    () => honest.write({ $case: 'heartbeat', value: { committedStep: 0, unitSeconds: undefined } }),
    HEARTBEAT_MS,
  );
});
afterAll(() => {
  clearInterval(heartbeats);
  honest?.close();
  for (const process of [...attackers, besieged]) process?.kill('SIGKILL');
});

async function ask(question: BesiegedQuestion): Promise<{ readonly rssBytes: number }> {
  const answer = once(besieged, 'message');
  besieged.send(question);
  return ((await answer) as [{ readonly rssBytes: number }])[0];
}

const credentialsOf = ({ coordinatorCa, certificate, key }: TlsMaterial): ChannelCredentials =>
  credentials.createSsl(coordinatorCa ?? null, key, certificate);

/** A worker's stream, honest or not. */
class Session {
  readonly ended: Promise<ServiceError | undefined>;
  readonly #client: CoordinatorClient;
  readonly #stream: ClientDuplexStream<WorkerMessage, Directive>;
  readonly #seen: Directive[] = [];
  #changed: (() => void)[] = [];

  constructor(channel: ChannelCredentials) {
    this.#client = new CoordinatorClient(address, channel, {
      'grpc.ssl_target_name_override': COORDINATOR_NAME,
      'grpc.default_authority': COORDINATOR_NAME,
      'grpc.use_local_subchannel_pool': 1,
    });
    this.#stream = this.#client.session();
    this.#stream.on('data', (directive: Directive) => {
      this.#seen.push(directive);
      for (const resume of this.#changed.splice(0)) resume();
    });
    this.ended = new Promise((resolve) => {
      this.#stream.on('error', (error: ServiceError) => resolve(error));
      this.#stream.on('end', () => resolve(undefined));
    });
  }

  write(body: NonNullable<WorkerMessage['body']>): void {
    this.#stream.write({ body });
  }

  hello(uid: string, memberId: string, token: string = JOBS[uid as keyof typeof JOBS], padding = ''): void {
    this.write({
      $case: 'hello',
      value: {
        job: { namespace: 'team', name: uid, uid },
        token,
        memberId,
        incarnation: `${memberId} ${Math.random()}`,
        address: '127.0.0.1:1',
        bulkAddress: '',
        committedStep: 0,
        backend: padding,
        generation: 0,
      },
    });
  }

  /** Waits for a directive of this kind, and forgets what came before it. */
  async directive(kind: NonNullable<Directive['body']>['$case']): Promise<void> {
    for (;;) {
      const at = this.#seen.findIndex(({ body }) => body?.$case === kind);
      if (at >= 0) return void this.#seen.splice(0, at + 1);
      await new Promise<void>((resolve) => this.#changed.push(resolve));
    }
  }

  close(): void {
    this.#stream.cancel();
    this.#client.close();
  }
}

/** How a stranger's attempt to be member `memberId` of job `uid` ends. */
async function knock(
  channel: ChannelCredentials,
  ...hello: Parameters<Session['hello']>
): Promise<{ readonly code: status | undefined; readonly details: string }> {
  const session = new Session(channel);
  session.hello(...hello);
  const welcome = session.directive('welcome').then(() => 'welcome');
  const outcome = await Promise.race([session.ended, welcome]);
  session.close();
  if (outcome === 'welcome') return { code: status.OK, details: 'welcome' };
  const error = outcome as ServiceError | undefined;
  return { code: error?.code, details: error?.details ?? '' };
}

/** RFC 9113 sections 4.1 and 7. */
const GOAWAY = 7;
const FRAME_SIZE_ERROR = 6;
const FRAME_HEAD_BYTES = 9;

/** Error code of the first GOAWAY frame among these frames. */
function goAwayCode(frames: Buffer): number | undefined {
  for (let at = 0; at + FRAME_HEAD_BYTES <= frames.length;) {
    const length = frames.readUIntBE(at, 3);
    if (frames[at + 3] === GOAWAY && at + FRAME_HEAD_BYTES + length <= frames.length)
      return frames.readUInt32BE(at + FRAME_HEAD_BYTES + 4);
    at += FRAME_HEAD_BYTES + length;
  }
  return undefined;
}

const material = (uid: string, memberId: string, from: Authority = authority, lifetimeMs?: number) =>
  credentialsOf({
    ...workerMaterial(from, uid, memberId, lifetimeMs),
    coordinatorCa: Buffer.from(authority.certificate),
  });

/** Time from a request to the coordinator to the directive that an honest member gets for it, in ms. */
async function directiveMs(): Promise<number> {
  const begin = performance.now();
  await ask({ kind: 'checkpoint', uid: 'mine' });
  await honest.directive('checkpoint');
  return performance.now() - begin;
}

/** Runs attackers; tells how honest members fared meanwhile. */
async function attack(
  order: Omit<AttackOrder, 'host' | 'port'>,
): Promise<{ readonly report: AttackReport; readonly slowestMs: number; readonly grownMiB: number }> {
  const [host = '', port = ''] = address.split(':');
  const full: AttackOrder = { ...order, host, port: Number(port) };
  const before = await ask({ kind: 'memory' });
  const child = spawn(process.execPath, [programFile('attacker-process'), JSON.stringify(full)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  attackers.push(child);
  if (child.stdout === null) throw new Error('no pipe');
  const done = once(createInterface({ input: child.stdout }), 'line') as Promise<[string]>;
  const watch = { isOver: false };
  void done.then(() => (watch.isOver = true));
  const latencies: number[] = [];
  let peak = before.rssBytes;
  while (!watch.isOver) {
    latencies.push(await directiveMs());
    peak = Math.max(peak, (await ask({ kind: 'memory' })).rssBytes);
    await delay(SAMPLE_MS);
  }
  const [line] = await done;
  const report: AttackReport = JSON.parse(line);
  const grownMiB = (peak - before.rssBytes) / 2 ** 20;
  const slowestMs = Math.max(...latencies);
  console.info(
    `${order.kind} of ${order.connections}: directive p50 ${median(latencies).toFixed(1)} ms, ` +
      `slowest ${slowestMs.toFixed(1)} ms of ${latencies.length}; memory grew by ${grownMiB.toFixed(0)} MiB at most`,
  );
  return { report, slowestMs, grownMiB };
}

describe('a coordinator under attack', () => {
  it('lets in nobody who cannot prove to be the member', async () => {
    const notThisMember = {
      code: status.UNAUTHENTICATED,
      details: 'the certificate is not that of member w1 of this job',
    };
    const stranger = createControllerAuthority(Date.now());
    expect(await knock(material('mine', 'w1', stranger), 'mine', 'w1')).toMatchObject({
      code: status.UNAVAILABLE,
    });
    expect(await knock(material('mine', 'w1', authority, -60_000), 'mine', 'w1')).toMatchObject({
      code: status.UNAVAILABLE,
    });
    const none = credentials.createSsl(Buffer.from(authority.certificate));
    expect(await knock(none, 'mine', 'w1')).toMatchObject({ code: status.UNAVAILABLE });
    expect(await knock(credentials.createInsecure(), 'mine', 'w1')).toMatchObject({
      code: status.UNAVAILABLE,
    });
    expect(await knock(material('other', 'w1'), 'mine', 'w1')).toEqual(notThisMember);
    expect(await knock(material('mine', 'w2'), 'mine', 'w1')).toEqual(notThisMember);
    const ofOther = await knock(material('mine', 'w1'), 'mine', 'w1', JOBS.other);
    expect(ofOther).toEqual({
      code: status.UNAUTHENTICATED,
      details: 'the token does not belong to this job',
    });
  });

  it('refuses a member id that is taken, and what belonged to a deleted job', async () => {
    expect(await knock(material('mine', 'w0'), 'mine', 'w0')).toMatchObject({ code: status.ALREADY_EXISTS });
    expect(await knock(material('deleted', 'w0'), 'deleted', 'w0')).toEqual({
      code: status.OK,
      details: 'welcome',
    });
    await ask({ kind: 'delete', uid: 'deleted' });
    expect(await knock(material('deleted', 'w0'), 'deleted', 'w0')).toMatchObject({ code: status.NOT_FOUND });
    expect(await directiveMs()).toBeLessThan(HEARTBEAT_TIMEOUT_MS);
  });

  it('ends a stream with an oversized message, and a connection with an oversized frame', async () => {
    const huge = await knock(material('other', 'w0'), 'other', 'w0', JOBS.other, 'x'.repeat(2 ** 20));
    expect(huge).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    const { certificate, key, coordinatorCa } = workerMaterial(authority, 'other', 'w0');
    const [host = '', port = ''] = address.split(':');
    const own = { ca: coordinatorCa, cert: certificate, key, servername: COORDINATOR_NAME };
    const socket = connect({ host, port: Number(port), ALPNProtocols: ['h2'], ...own });
    const farewell = new Promise<number | undefined>((resolve) => {
      let received = Buffer.alloc(0);
      socket.on('data', (bytes: Buffer) => {
        received = Buffer.concat([received, bytes]);
        const code = goAwayCode(received);
        if (code !== undefined) resolve(code);
      });
      socket.on('close', () => resolve(undefined));
      socket.on('error', () => {});
    });
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    const emptySettings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    // 16 MiB of DATA, where 16 KiB were announced as the most.
    const hugeData = [0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1];
    socket.write(Buffer.from([...emptySettings, ...hugeData]));
    expect(await farewell).toBe(FRAME_SIZE_ERROR);
    socket.destroy();
    expect(await directiveMs()).toBeLessThan(HEARTBEAT_TIMEOUT_MS);
  });

  it('ends streams that never say who they are', async () => {
    const session = new Session(material('other', 'w0'));
    const error = await session.ended;
    session.close();
    expect(error).toMatchObject({ code: status.DEADLINE_EXCEEDED, details: 'no Hello in time' });
  });

  it.each([
    { kind: 'flood', connections: 10_000, atOnce: 64 },
    // Fewer at once than the kernel queues for one listener (511): each must reach the coordinator.
    { kind: 'trickle', connections: 500, atOnce: 500 },
  ] as const)('goes on through a $kind of $connections connections', async (order) => {
    const { report, slowestMs, grownMiB } = await attack(order);
    expect(report).toEqual({ answered: 0, ended: order.connections });
    expect(slowestMs).toBeLessThan(HEARTBEAT_TIMEOUT_MS);
    expect(grownMiB).toBeLessThan(256);
  });
});
