import { createControllerAuthority, type Authority } from '@tuneyard/controller/certificates';
import { TrainerConfig } from '@tuneyard/proto';
import {
  createCoordinatorServer,
  MemoryEventBus,
  MemoryStateStore,
  type CoordinatorServer,
  type CoordinatorTls,
} from '@tuneyard/controller/coordinator';
import {
  createGroup,
  type Group,
  type GroupOptions,
  TlsIdentity,
  type TlsMaterial,
} from '@tuneyard/trainer/collective';
import { afterEach, describe, expect, it } from 'vitest';

import { coordinatorTls, workerMaterial } from '../support/certificates.js';
import { trainFake, type FakeOutcome, type FakeTraining } from './fake-training.js';

const ref = { namespace: 'team', name: 'tune', uid: 'u1' };
const training: FakeTraining = { totalSteps: 6, count: 16, length: 3000, unitMs: 0, evaluateEvery: 2 };

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const resource of open.splice(0).reverse()) await resource.close();
});

async function serve(
  expectedWorkers: number,
  store = new MemoryStateStore(),
  address = '127.0.0.1:0',
  tls?: CoordinatorTls,
): Promise<CoordinatorServer> {
  const server = await createCoordinatorServer({
    address,
    store,
    bus: new MemoryEventBus(),
    heartbeatTimeoutSeconds: 2,
    ...(tls === undefined ? {} : { tls }),
  });
  open.push(server);
  await server.coordinator.register({ ref, config: TrainerConfig.create(), token: 's', expectedWorkers });
  return server;
}

function worker(server: CoordinatorServer, memberId: string, more: Partial<GroupOptions> = {}): Group {
  const group = createGroup({
    ...more,
    coordinatorAddress: server.address,
    job: ref,
    token: 's',
    memberId,
    listenHost: '127.0.0.1',
    ...(process.env['TUNEYARD_TEST_LOG'] === undefined
      ? {}
      : {
          log: {
            info: (...text) => console.log(memberId, ...text),
            warn: (...text) => console.log(memberId, ...text),
          },
        }),
  });
  open.push(group);
  return group;
}

async function undisturbed(of: FakeTraining): Promise<FakeOutcome> {
  const server = await serve(1);
  const outcome = await trainFake(worker(server, 'alone'), of);
  for (const resource of open.splice(0).reverse()) await resource.close();
  return outcome;
}

describe('a group that changes', () => {
  it.each([2, 3, 4])('of %i members trains to the same bits as one alone', async (size) => {
    for (const length of [3000, 50_000]) {
      const alone = await undisturbed({ ...training, length });
      const server = await serve(size);
      const outcomes = await Promise.all(
        Array.from({ length: size }, (_, at) => trainFake(worker(server, `w${at}`), { ...training, length })),
      );
      for (const outcome of outcomes) expect(outcome).toEqual(alone);
      for (const resource of open.splice(0).reverse()) await resource.close();
    }
  });

  it.each(['http2', 'grpc-js'] as const)('sums node by node to the same bits, over %s', async (dataPlane) => {
    const long = { ...training, length: 50_000 };
    const alone = await undisturbed(long);
    const server = await serve(5);
    const outcomes = await Promise.all(
      ['a', 'b', 'a', 'b', ''].map((node, at) =>
        trainFake(worker(server, `w${at}`, { dataPlane, node }), long),
      ),
    );
    for (const outcome of outcomes) expect(outcome).toEqual(alone);
  });

  it('grows from 1 to 3 and shrinks to 2 without losing a step', async () => {
    const slow = { ...training, totalSteps: 8, unitMs: 4 };
    const alone = await undisturbed({ ...slow, unitMs: 0 });
    const server = await serve(1);
    const commits: number[] = [];
    const late: Promise<PromiseSettledResult<FakeOutcome>[]>[] = [];
    const groups: Group[] = [];
    const first = trainFake(worker(server, 'w0'), slow, {
      onCommit: (step) => {
        commits.push(step);
        if (step === 2)
          for (const memberId of ['w1', 'w2']) {
            const group = worker(server, memberId);
            groups.push(group);
            late.push(Promise.allSettled([trainFake(group, slow)]));
          }
        if (step === 5) void groups[0]?.close();
      },
    });
    expect(await first).toEqual(alone);
    expect(commits).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const [left, stayed] = (await Promise.all(late)).flat();
    expect(left?.status).toBe('rejected');
    expect(stayed).toMatchObject({ status: 'fulfilled', value: { digest: alone.digest } });
  });

  it('trains on through a restart of the coordinator', async () => {
    const slow = { ...training, totalSteps: 10, unitMs: 4 };
    const alone = await undisturbed({ ...slow, unitMs: 0 });
    const store = new MemoryStateStore();
    const server = await serve(2, store);
    const generations = new Set<number>();
    const groups = ['w0', 'w1'].map((memberId) => worker(server, memberId));
    let restarted: Promise<CoordinatorServer> | undefined;
    const outcomes = await Promise.all(
      groups.map((group, at) =>
        trainFake(group, slow, {
          onCommit: (step) => {
            generations.add(group.generation);
            if (at === 0 && step === 3)
              restarted = server.close().then(() => serve(2, store, server.address));
          },
        }),
      ),
    );
    for (const outcome of outcomes) expect(outcome).toEqual(alone);
    expect([...generations]).toEqual([1]);
    expect((await restarted)?.coordinator.state('u1')?.finished?.step).toBe(10);
  });

  it('without its coordinator goes on, and stops at the next change of members that nobody confirms', async () => {
    const slow = { ...training, totalSteps: 100_000, unitMs: 1 };
    const server = await serve(2);
    const patience = { coordinatorPatienceSeconds: 1 };
    const [left, right] = [worker(server, 'w0', patience), worker(server, 'w1', patience)];
    let withoutCoordinator = 0;
    let closed: Promise<void> | undefined;
    const outcomes = await Promise.allSettled([
      trainFake(left, slow, {
        onCommit: (step) => {
          if (step === 2) closed = server.close();
          if (closed !== undefined) withoutCoordinator += 1;
          if (withoutCoordinator === 20) void right.close();
        },
      }),
      trainFake(right, slow),
    ]);
    expect(withoutCoordinator).toBeGreaterThanOrEqual(20);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['rejected', 'rejected']);
    expect(outcomes[0]).toMatchObject({ reason: { name: 'CoordinatorError' } });
    await closed;
  });

  it('says whom it waited for, how long it took to recover and how much state it moved', async () => {
    const slow = { ...training, totalSteps: 12, unitMs: 4 };
    const server = await serve(1);
    const seen: string[] = [];
    const events = {
      waitedFor: (memberId: string) => seen.push(`wait ${memberId}`),
      recovered: (cause: string, seconds: number) => seen.push(`${cause} ${seconds < 5}`),
      stateMoved: (direction: string, bytes: number) => seen.push(`${direction} ${bytes}`),
    };
    let late: Promise<PromiseSettledResult<FakeOutcome>> | undefined;
    const second = (): Group => worker(server, 'w1');
    let joined: Group | undefined;
    await trainFake(worker(server, 'w0', { events }), slow, {
      onCommit: (step) => {
        if (step === 2)
          late = Promise.allSettled([trainFake((joined = second()), slow)]).then(([only]) => only);
        if (step === 8) void joined?.close();
      },
    });
    await late;
    expect(seen).toContain('wait w1');
    expect(seen).toContain(`sent ${2 * 4 * slow.length}`);
    // One is expected: that the other goes is no loss.
    expect(seen.some((line) => /^(resized|link) true$/.test(line))).toBe(true);
  });

  it('trains the same over mutual TLS, and lets in nobody without a certificate of the job and the member', async () => {
    const [authority, stranger] = [
      createControllerAuthority(Date.now()),
      createControllerAuthority(Date.now()),
    ];
    const server = await serve(2, new MemoryStateStore(), '127.0.0.1:0', coordinatorTls(authority));
    const material = (
      memberId: string,
      uid = ref.uid,
      controller: Authority = authority,
      lifetimeMs?: number,
    ): TlsMaterial => ({
      ...workerMaterial(controller, uid, memberId, lifetimeMs),
      coordinatorCa: Buffer.from(authority.certificate),
    });
    const enter = (memberId: string, tls: TlsMaterial | undefined): Group =>
      worker(server, memberId, {
        connectTimeoutSeconds: 1,
        ...(tls === undefined ? {} : { tls: new TlsIdentity(tls) }),
      });
    const knocking = async (tls: TlsMaterial | undefined): Promise<string> => {
      const group = enter('w0', tls);
      const error: unknown = await group.connect().catch((refusal: unknown) => refusal);
      await group.close();
      return String(error);
    };
    expect(await knocking(material('w0', ref.uid, stranger))).toContain('no answer');
    expect(await knocking(material('w0', ref.uid, authority, -60_000))).toContain('no answer');
    expect(await knocking(undefined)).toContain('no answer');
    const notOurs = 'the certificate is not that of member w0 of this job';
    expect(await knocking(material('w0', 'another-job'))).toContain(notOurs);
    expect(await knocking(material('w1'))).toContain(notOurs);
    const outcomes = await Promise.all(
      ['w0', 'w1'].map(async (memberId) =>
        trainFake(enter(memberId, material(memberId)), { ...training, length: 50_000 }),
      ),
    );
    for (const resource of open.splice(0).reverse()) await resource.close();
    const alone = await undisturbed({ ...training, length: 50_000 });
    for (const outcome of outcomes) expect(outcome).toEqual(alone);
  });

  it('goes on with newer certificates when the first have ended', async () => {
    const authority = createControllerAuthority(Date.now());
    const server = await serve(2, new MemoryStateStore(), '127.0.0.1:0', coordinatorTls(authority));
    const endOfFirst = Date.now() + 2000;
    const identities = new Map<string, TlsIdentity>();
    const enter = (memberId: string, lifetimeMs?: number): Group => {
      const tls = new TlsIdentity(workerMaterial(authority, ref.uid, memberId, lifetimeMs));
      identities.set(memberId, tls);
      return worker(server, memberId, { tls });
    };
    const slow = { ...training, totalSteps: 200, unitMs: 2 };
    const sizes = new Set<number>();
    let late: Promise<FakeOutcome> | undefined;
    const first = ['w0', 'w1'].map((memberId) =>
      trainFake(enter(memberId, endOfFirst - Date.now()), slow, {
        onCommit: () => {
          if (memberId !== 'w0' || late !== undefined || Date.now() < endOfFirst + 1000) return;
          for (const [id, identity] of identities) identity.replace(workerMaterial(authority, ref.uid, id));
          // It dials both, and both dial it.
          void server.coordinator.register({
            ref,
            config: TrainerConfig.create(),
            token: 's',
            expectedWorkers: 3,
          });
          const third = enter('w2');
          late = trainFake(third, slow, { onCommit: () => void sizes.add(third.size) });
        },
      }),
    );
    const outcomes = await Promise.all(first);
    expect(late).toBeDefined();
    outcomes.push((await late) as FakeOutcome);
    expect(new Set(outcomes.map(({ digest }) => digest)).size).toBe(1);
    expect(sizes).toContain(3);
  });

  it('stops all members after the same step', async () => {
    const slow = { ...training, totalSteps: 100, unitMs: 2 };
    const server = await serve(3);
    const outcomes = await Promise.all(
      ['w0', 'w1', 'w2'].map((memberId, at) =>
        trainFake(worker(server, memberId), slow, {
          onCommit: (step) => {
            if (at === 1 && step === 3) void server.coordinator.stop('u1', 'preempted', { checkpoint: true });
          },
        }),
      ),
    );
    expect(new Set(outcomes.map((outcome) => `${outcome.step} ${outcome.digest}`)).size).toBe(1);
    expect(outcomes[0]).toMatchObject({ stopped: true });
    expect(server.coordinator.state('u1')?.finished?.step).toBe(outcomes[0]?.step);
  });
});
