import { credentials, status, type ServiceError } from '@grpc/grpc-js';
import {
  CoordinatorClient,
  Finished_Outcome,
  TrainerConfig,
  type Directive,
  type Hello,
  type WorkerMessage,
} from '@tuneyard/proto';
import { afterEach, describe, expect, it } from 'vitest';

import { createCoordinatorServer, type CoordinatorServer } from './create-coordinator-server.js';
import { MemoryEventBus } from './memory-event-bus.js';
import { MemoryStateStore } from './memory-state-store.js';

const ref = { namespace: 'team', name: 'tune', uid: 'u1' };
const job = {
  ref,
  config: TrainerConfig.create({ model: { source: 'file:///m', revision: '' } }),
  token: 's3cret',
  expectedWorkers: 2,
};

const open: { close(): Promise<void> | void }[] = [];
afterEach(async () => {
  for (const resource of open.splice(0).reverse()) await resource.close();
});

async function serve(store = new MemoryStateStore(), address = '127.0.0.1:0'): Promise<CoordinatorServer> {
  const server = await createCoordinatorServer({
    address,
    store,
    bus: new MemoryEventBus(),
    heartbeatTimeoutSeconds: 1,
  });
  open.push(server);
  await server.coordinator.register(job);
  return server;
}

type Body = NonNullable<Directive['body']>;
type Values = { [Each in Body as Each['$case']]: Each['value'] };

function isValueOf<Case extends keyof Values>(
  body: Body | undefined,
  $case: Case,
  value: unknown,
): value is Values[Case] {
  return body?.$case === $case && value === body.value;
}

/** A worker as a test drives it: what it received, and how its stream ended. */
class TestWorker {
  readonly directives: Directive[] = [];
  error: ServiceError | undefined;
  ended = false;
  readonly #client: CoordinatorClient;
  readonly #stream: ReturnType<CoordinatorClient['session']>;
  #waiting: (() => void)[] = [];

  constructor(address: string) {
    this.#client = new CoordinatorClient(address, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    });
    this.#stream = this.#client.session();
    const wake = (): void => this.#waiting.splice(0).forEach((resume) => resume());
    this.#stream.on('data', (directive: Directive) => (this.directives.push(directive), wake()));
    this.#stream.on('error', (error: ServiceError) => ((this.error = error), wake()));
    this.#stream.on('end', () => ((this.ended = true), wake()));
    open.push(this);
  }

  send(body: NonNullable<WorkerMessage['body']>): this {
    this.#stream.write({ body });
    return this;
  }

  hello(change: Partial<Hello> = {}): this {
    const value = {
      job: ref,
      token: 's3cret',
      memberId: 'w0',
      incarnation: 'i0',
      address: '127.0.0.1:1',
      bulkAddress: '',
      committedStep: 0,
      backend: 'test',
      generation: 0,
      ...change,
    };
    return this.send({ $case: 'hello', value });
  }

  ready(): this {
    return this.send({ $case: 'ready', value: { committedStep: 0, totalSteps: 10 } });
  }

  async until<Result>(probe: () => Result | undefined | false): Promise<Result> {
    for (;;) {
      const result = probe();
      if (result !== undefined && result !== false) return result;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  directive<Case extends keyof Values>($case: Case, from = 0): Promise<Values[Case]> {
    return this.until(() => {
      for (const { body } of this.directives.slice(from)) {
        const value: unknown = body?.value;
        if (isValueOf(body, $case, value)) return value;
      }
      return undefined;
    });
  }

  close(): void {
    this.#stream.on('error', () => {});
    this.#client.close();
    this.#stream.cancel();
  }
}

describe('the coordinator server', () => {
  it('bounds the streams of an address that have not said hello, and takes one that does when they are gone', async () => {
    const { address } = await serve();
    const silent = Array.from({ length: 128 }, () => new TestWorker(address));
    const loud = new TestWorker(address);
    const { code } = await loud.until(() => loud.error);
    expect(code).toBe(status.RESOURCE_EXHAUSTED);
    for (const worker of silent) worker.close();
    await expect
      .poll(async () => {
        const next = new TestWorker(address).hello();
        return next.until(() => next.error?.code ?? next.directives[0]?.body?.$case);
      })
      .toBe('welcome');
  });

  it('welcomes workers and announces the first generation when all expected are ready', async () => {
    const { address, coordinator } = await serve();
    const first = new TestWorker(address).hello();
    expect((await first.directive('welcome')).config?.model?.source).toBe('file:///m');
    first.ready();
    const second = new TestWorker(address).hello({ memberId: 'w1', incarnation: 'i1' });
    second.ready();
    const membership = await first.directive('membership');
    expect(membership).toMatchObject({ generation: 1, cause: 'start' });
    expect(membership.members.map((member) => member.memberId)).toEqual(['w0', 'w1']);
    expect(await second.directive('membership')).toEqual(membership);
    expect(coordinator.state('u1')).toMatchObject({ generation: 1 });
  });

  it.each([
    ['a wrong token', { token: 'guess' }, status.UNAUTHENTICATED],
    ['no token', { token: '' }, status.UNAUTHENTICATED],
    ['a job of another name', { job: { ...ref, name: 'other' } }, status.UNAUTHENTICATED],
    ['an unknown job', { job: { ...ref, uid: 'u2' } }, status.NOT_FOUND],
    ['no member id', { memberId: '' }, status.FAILED_PRECONDITION],
    ['an endless member id', { memberId: 'x'.repeat(1000) }, status.FAILED_PRECONDITION],
    ['too large a message', { backend: 'x'.repeat(1 << 20) }, status.RESOURCE_EXHAUSTED],
  ])('refuses %s', async (_, change, code) => {
    const { address } = await serve();
    const worker = new TestWorker(address).hello(change);
    expect((await worker.until(() => worker.error)).code).toBe(code);
    expect(worker.directives).toEqual([]);
  });

  it('refuses a message before Hello, and a member id that is taken', async () => {
    const { address } = await serve();
    const rude = new TestWorker(address).ready();
    expect((await rude.until(() => rude.error)).code).toBe(status.FAILED_PRECONDITION);
    await new TestWorker(address).hello().directive('welcome');
    const twin = new TestWorker(address).hello({ incarnation: 'other' });
    expect((await twin.until(() => twin.error)).code).toBe(status.ALREADY_EXISTS);
  });

  it('takes the newer stream of the same process', async () => {
    const { address } = await serve();
    const first = new TestWorker(address).hello();
    await first.directive('welcome');
    await new TestWorker(address).hello().directive('welcome');
    expect((await first.until(() => first.error)).code).toBe(status.UNAVAILABLE);
  });

  it('notices a death, and a silence', async () => {
    const { address } = await serve();
    const workers = ['w0', 'w1'].map((memberId) =>
      new TestWorker(address).hello({ memberId, incarnation: memberId }).ready(),
    );
    const [first, second] = workers;
    if (first === undefined || second === undefined) throw new Error('two workers were started');
    await first.directive('membership');
    second.close();
    const next = await first.directive('membership', first.directives.length);
    expect(next).toMatchObject({ generation: 2, cause: 'lost' });
    expect(next.members.map((member) => member.memberId)).toEqual(['w0']);
    expect((await first.until(() => first.error)).details).toContain('heartbeat');
  });

  it('carries directives, figures and the end of the job', async () => {
    const { address, coordinator } = await serve();
    const changed: string[] = [];
    coordinator.onChange((uid) => changed.push(uid));
    const worker = new TestWorker(address).hello();
    const other = new TestWorker(address).hello({ memberId: 'w1', incarnation: 'i1' }).ready();
    worker.ready();
    await worker.directive('membership');
    await coordinator.requestCheckpoint('u1');
    expect((await worker.directive('checkpoint')).requestId).not.toBe('');
    worker.send({
      $case: 'checkpointDone',
      value: { step: 3, uri: 'file:///c', digest: 'sha256:0', bytes: 1, seconds: 0 },
    });
    await coordinator.stop('u1', 'preempted', { checkpoint: true });
    expect(await worker.directive('stop')).toEqual({ reason: 'preempted', checkpoint: true });
    worker.send({
      $case: 'finished',
      value: {
        step: 3,
        outcome: Finished_Outcome.OUTCOME_STOPPED,
        reason: '',
        message: '',
        artifacts: [],
        metrics: [],
        timeShares: undefined,
      },
    });
    await worker.until(() => worker.ended);
    expect(coordinator.state('u1')).toMatchObject({ checkpoint: { step: 3 }, finished: { step: 3 } });
    expect((await other.directive('jobFinished')).outcome).toBe(Finished_Outcome.OUTCOME_STOPPED);
    expect(changed).toContain('u1');
    await coordinator.unregister('u1');
    expect(coordinator.state('u1')).toBeUndefined();
  });

  it('resumes from the store: the same generation goes on after a restart', async () => {
    const store = new MemoryStateStore();
    const server = await serve(store);
    const ids = ['w0', 'w1'];
    const workers = ids.map((memberId) =>
      new TestWorker(server.address).hello({ memberId, incarnation: memberId }).ready(),
    );
    await Promise.all(workers.map((worker) => worker.directive('membership')));
    await server.close();
    await serve(store, server.address);
    const again = ids.map((memberId) =>
      new TestWorker(server.address).hello({ memberId, incarnation: memberId, generation: 1 }).ready(),
    );
    for (const worker of again) expect((await worker.directive('membership')).generation).toBe(1);
  });
});
