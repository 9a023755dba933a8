import type { ClientDuplexStream } from '@grpc/grpc-js';
import { credentials } from '@grpc/grpc-js';
import type { Directive, Finished, JobRef, TrainerConfig, WorkerMessage } from '@tuneyard/proto';
import { CoordinatorClient, Finished_Outcome } from '@tuneyard/proto';

/** Speaks the coordinator's protocol as a trainer does, and trains nothing. */
export class FakeWorker {
  readonly directives: Directive[] = [];
  readonly #client: CoordinatorClient;
  readonly #stream: ClientDuplexStream<WorkerMessage, Directive>;
  ended = false;

  constructor(
    address: string,
    job: JobRef,
    token: string,
    readonly memberId: string,
  ) {
    this.#client = new CoordinatorClient(address, credentials.createInsecure());
    this.#stream = this.#client.session();
    this.#stream.on('data', (directive: Directive) => this.directives.push(directive));
    this.#stream.on('error', () => {
      this.ended = true;
    });
    this.#stream.on('end', () => {
      this.ended = true;
    });
    this.say({
      $case: 'hello',
      value: {
        job,
        token,
        memberId,
        incarnation: `${memberId}-${Math.random()}`,
        address: '127.0.0.1:1',
        bulkAddress: '127.0.0.1:1',
        committedStep: 0,
        backend: 'fake',
        generation: 0,
      },
    });
  }

  get config(): TrainerConfig | undefined {
    for (const { body } of this.directives) if (body?.$case === 'welcome') return body.value.config;
    return undefined;
  }

  has(kind: NonNullable<Directive['body']>['$case']): boolean {
    return this.directives.some(({ body }) => body?.$case === kind);
  }

  say(body: NonNullable<WorkerMessage['body']>): void {
    this.#stream.write({ body });
  }

  ready(): void {
    this.say({ $case: 'ready', value: { committedStep: 0, totalSteps: 10 } });
  }

  progress(step: number, trainLoss: number): void {
    this.say({
      $case: 'progress',
      value: {
        step,
        totalSteps: 10,
        epoch: step / 10,
        trainLoss,
        gradientNorm: 1,
        learningRate: 1e-4,
        tokensPerSecond: 100,
        stepSeconds: 0.1,
        tokens: step * 10,
        estimatedSecondsLeft: 10 - step,
      },
    });
  }

  finish(finished: Partial<Finished> = {}): void {
    this.say({
      $case: 'finished',
      value: {
        step: 10,
        outcome: Finished_Outcome.OUTCOME_COMPLETE,
        reason: '',
        message: '',
        artifacts: [],
        metrics: [],
        ...finished,
      },
    });
  }

  close(): void {
    this.#stream.cancel();
    this.#client.close();
  }
}
