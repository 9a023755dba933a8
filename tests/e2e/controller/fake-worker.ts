import type { ClientDuplexStream } from '@grpc/grpc-js';
import { credentials } from '@grpc/grpc-js';
import { COORDINATOR_NAME } from '@tuneyard/controller/certificates';
import type { KubeClient, KubeObject } from '@tuneyard/controller/kube';
import type { Directive, Finished, JobRef, TrainerConfig, WorkerMessage } from '@tuneyard/proto';
import { CoordinatorClient, Finished_Outcome } from '@tuneyard/proto';
import { SECRETS } from './kinds.js';

/** The part of a worker's pod from which it knows who it is. */
export interface WorkerPod extends KubeObject {
  readonly spec: {
    readonly containers: readonly {
      readonly env: readonly {
        readonly name: string;
        readonly value?: string;
        readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string } };
      }[];
    }[];
  };
}

/** PEM. */
interface Certificates {
  readonly coordinatorCa: Buffer;
  /** Key and certificate. */
  readonly own: Buffer;
}

/** Starts a worker that speaks for the pod, with what the controller has put into the pod's Secret. */
export async function speakFor(
  client: KubeClient,
  { metadata, spec }: WorkerPod,
  coordinatorAddress?: string,
): Promise<FakeWorker> {
  const entries = spec.containers[0]?.env ?? [];
  const env = Object.fromEntries(entries.map(({ name, value }) => [name, value ?? '']));
  const secretName = entries.find(({ name }) => name === 'TUNEYARD_TOKEN')?.valueFrom?.secretKeyRef?.name;
  const { data } = await client.get<KubeObject & { readonly data: Readonly<Record<string, string>> }>(
    SECRETS,
    { name: secretName ?? '', namespace: metadata.namespace },
  );
  const of = (key: string) => Buffer.from(data[key] ?? '', 'base64');
  const memberId = env['TUNEYARD_MEMBER_ID'] ?? '';
  return new FakeWorker(
    coordinatorAddress ?? env['TUNEYARD_COORDINATOR'] ?? '',
    {
      namespace: env['TUNEYARD_JOB_NAMESPACE'] ?? '',
      name: env['TUNEYARD_JOB_NAME'] ?? '',
      uid: env['TUNEYARD_JOB_UID'] ?? '',
    },
    of('token').toString(),
    memberId,
    {
      coordinatorCa: of('coordinator-ca.pem'),
      own: of(`worker-${memberId.slice(memberId.lastIndexOf('-') + 1)}.pem`),
    },
  );
}

/** Speaks the coordinator's protocol as a trainer does, and trains nothing. */
export class FakeWorker {
  readonly directives: Directive[] = [];
  readonly #client: CoordinatorClient;
  readonly #stream: ClientDuplexStream<WorkerMessage, Directive>;
  ended = false;
  /** It ended, and not in good order. */
  failed = false;
  /** Told of every directive as it comes. */
  onDirective: ((directive: Directive) => void) | undefined;

  constructor(
    address: string,
    job: JobRef,
    token: string,
    readonly memberId: string,
    { coordinatorCa, own }: Certificates,
  ) {
    this.#client = new CoordinatorClient(address, credentials.createSsl(coordinatorCa, own, own), {
      'grpc.ssl_target_name_override': COORDINATOR_NAME,
      'grpc.default_authority': COORDINATOR_NAME,
    });
    this.#stream = this.#client.session();
    this.#stream.on('data', (directive: Directive) => {
      this.directives.push(directive);
      this.onDirective?.(directive);
    });
    this.#stream.on('error', () => {
      this.failed = true;
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

  heartbeat(): void {
    this.say({ $case: 'heartbeat', value: { committedStep: 0 } });
  }

  progress(step: number, trainLoss: number, estimatedSecondsLeft = 10 - step): void {
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
        estimatedSecondsLeft,
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
        timeShares: undefined,
        ...finished,
      },
    });
  }

  close(): void {
    this.#stream.cancel();
    this.#client.close();
  }
}
