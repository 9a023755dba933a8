import type { Directive, Finished, Hello, WorkerMessage } from '@tuneyard/proto';

import { JobBudgets } from './budget.js';
import type { JobEventType } from './event-bus.js';
import { decidesJob } from './decides-job.js';
import { expelledDirective, finishedDirective, membershipDirective } from './directives.js';
import type { CoordinatedJob, JobTrainingState } from './job-coordinator.js';
import type { JobRuntimeOptions, WorkerChannel } from './job-runtime-options.js';
import { advanceMembership, isTaken } from './membership.js';
import type { MembershipEffect, MembershipEvent } from './membership-events.js';
import { initialMembership, restoredMembership, type MembershipState } from './membership-state.js';
import { retryUntil } from './retry.js';
import { TrainingRecord } from './training-record.js';
import { soundTraining } from './worker-report.js';
import type { StoredMembership, StoredTraining } from './state-store.js';

const SCAN_INTERVAL_MS = 250;
const PROBE: Directive = { body: { $case: 'probe', value: {} } };

interface Attached {
  readonly memberId: string;
  readonly incarnation: string;
  readonly channel: WorkerChannel;
}

/** One job's coordination: applies what the pure membership decides to streams, store and event bus. */
export class JobRuntime {
  #job: CoordinatedJob;
  #state: MembershipState;
  /** Newest membership that the store has; only such ones are sent. */
  #announced: StoredMembership | undefined;
  #announcing: Promise<void> = Promise.resolve();
  readonly #record: TrainingRecord;
  #checkpointRequest: Directive | undefined;
  #checkpointRequests = 0;
  #stop: Directive | undefined;
  #closed = false;
  #scannedAt = 0;
  readonly #attached = new Map<string, Attached>();
  readonly #budgets: JobBudgets;

  private constructor(
    job: CoordinatedJob,
    private readonly options: JobRuntimeOptions,
  ) {
    this.#job = job;
    this.#state = initialMembership(job.expectedWorkers);
    this.#budgets = new JobBudgets(() => options.clock.monotonic());
    this.#record = new TrainingRecord({
      store: options.store,
      jobUid: job.ref.uid,
      generation: () => this.#announced?.generation ?? 0,
      isClosed: () => this.#closed,
      onTrouble: options.onTrouble,
    });
  }

  /** Resumes from the store when it knows the job. */
  static async open(job: CoordinatedJob, options: JobRuntimeOptions): Promise<JobRuntime> {
    const runtime = new JobRuntime(job, options);
    const stored = await options.store.load(job.ref.uid);
    if (stored?.membership !== undefined) {
      runtime.#announced = stored.membership;
      runtime.#state = restoredMembership(
        job.expectedWorkers,
        { ...stored.membership, over: stored.finished !== undefined },
        options.clock.monotonic(),
      );
    }
    const { membership: _, ...training } = stored ?? { membership: undefined };
    runtime.#record.restore(soundTraining(training));
    runtime.update(job);
    return runtime;
  }

  get job(): CoordinatedJob {
    return this.#job;
  }

  update(job: CoordinatedJob): void {
    this.#job = job;
    const { expectedWorkers, replaceStragglers = false } = job;
    this.#dispatch({ kind: 'resized', expectedWorkers, replaceStragglers });
  }

  trainingState(): JobTrainingState {
    return {
      generation: this.#announced?.generation ?? 0,
      members: [...this.#state.workers.values()]
        .filter((worker) => worker.link !== 'closed')
        .map(({ memberId, address, ready, committedStep, lastSeen, unitSeconds }) => ({
          memberId,
          address,
          ready,
          committedStep,
          lastSeen,
          unitSeconds,
        })),
      progress: this.#record.training.progress,
      checkpoint: this.#record.training.checkpoint,
      finished: this.#record.training.finished,
      resumedFrom: this.#record.training.resumedFrom,
    };
  }

  /** False = another living process has the member id. */
  attach(hello: Hello, channel: WorkerChannel, welcome: Directive): boolean {
    const { memberId, incarnation, address, bulkAddress, node = '' } = hello;
    const worker = { memberId, incarnation, address, bulkAddress, ...(node === '' ? {} : { node }) };
    if (isTaken(this.#state, worker)) return false;
    this.#attached.get(memberId)?.channel.end('replaced by a newer stream of the same worker');
    this.#attached.set(memberId, { memberId, incarnation, channel });
    channel.send(welcome);
    this.#dispatch({
      kind: 'hello',
      worker,
      committedStep: hello.committedStep,
      generation: hello.generation,
    });
    const announced = this.#announced;
    if (
      announced?.members.some((member) => member.incarnation === incarnation && member.memberId === memberId)
    )
      channel.send(membershipDirective(announced));
    const expelled = this.#state.workers.get(memberId)?.expelled;
    if (expelled !== undefined) channel.send(expelledDirective(expelled));
    if (this.#stop !== undefined) channel.send(this.#stop);
    if (this.#checkpointRequest !== undefined) channel.send(this.#checkpointRequest);
    const { finished } = this.#record.training;
    if (finished !== undefined) channel.send(finishedDirective(finished));
    this.options.onChange();
    return true;
  }

  detach(memberId: string, channel: WorkerChannel): void {
    const attached = this.#attached.get(memberId);
    if (attached?.channel !== channel) return;
    this.#attached.delete(memberId);
    this.#dispatch({ kind: 'disconnected', memberId, incarnation: attached.incarnation });
    this.options.onChange();
  }

  /** A message after Hello. Finished is acknowledged by ending the stream once the store has it. */
  receive(memberId: string, message: WorkerMessage, channel: WorkerChannel, weight = 1): void {
    if (this.#attached.get(memberId)?.channel !== channel) return;
    if (!this.#budgets.maySay(memberId, weight))
      return channel.end('it says more than the coordinator listens to');
    const { body } = message;
    switch (body?.$case) {
      case 'heartbeat':
        this.#dispatch({ kind: 'heartbeat', memberId, ...body.value });
        return;
      case 'ready':
        // What a later worker loads says nothing of the job: it takes the state of the others.
        if (body.value.resumedFrom !== undefined && this.#announced === undefined)
          this.#save({ resumedFrom: this.#record.training.resumedFrom ?? body.value.resumedFrom });
        this.#dispatch({ kind: 'ready', memberId, committedStep: body.value.committedStep });
        this.options.onChange();
        return;
      case 'progress':
        this.#dispatch({ kind: 'heartbeat', memberId, committedStep: body.value.step });
        if (body.value.step < (this.#record.training.progress?.step ?? 0)) return;
        this.#save({ progress: body.value });
        this.#publish('progress', `${body.value.step}`, body.value);
        return;
      case 'peerFailure':
        if (body.value.wrongBits === true) {
          this.#dispatch({ kind: 'seen', memberId });
          this.#dispatch({ kind: 'wrong-bits', ...body.value });
          return;
        }
        this.#dispatch({ kind: 'seen', memberId });
        this.#publish('lost', `${body.value.generation}-${memberId}-${body.value.memberId}`, {
          reporter: memberId,
          ...body.value,
        });
        this.#dispatch({ kind: 'peer-failure', ...body.value });
        return;
      case 'checkpointDone':
        this.#dispatch({ kind: 'seen', memberId });
        this.#checkpointRequest = undefined;
        this.#save({ checkpoint: body.value });
        this.#publish('checkpoint', `${body.value.step}-${body.value.digest}`, body.value);
        return;
      case 'finished':
        this.#finish(memberId, body.value, channel);
        return;
      default:
        channel.end('a message after Hello must be a known one other than Hello');
    }
  }

  requestCheckpoint(): void {
    this.#checkpointRequests += 1;
    this.#checkpointRequest = {
      body: {
        $case: 'checkpoint',
        value: { requestId: `${this.options.clock.now()}-${this.#checkpointRequests}` },
      },
    };
    this.#broadcast(this.#checkpointRequest);
  }

  stop(reason: string, checkpoint: boolean): void {
    this.#stop = { body: { $case: 'stop', value: { reason, checkpoint } } };
    this.#broadcast(this.#stop);
  }

  /** Called often; looks for silent workers now and then, and for changes that are due at once. */
  tick(): void {
    const now = this.options.clock.monotonic();
    if (this.#state.pending === undefined && now - this.#scannedAt < SCAN_INTERVAL_MS) return;
    this.#scannedAt = now;
    this.#dispatch({ kind: 'tick' });
  }

  /** This process stood still for so long: nobody was silent in that time. */
  stalled(milliseconds: number): void {
    this.#dispatch({ kind: 'stalled', milliseconds });
  }

  /** Ends all sessions. */
  async close(reason: string): Promise<void> {
    this.#closed = true;
    for (const { channel } of this.#attached.values()) channel.end(reason);
    this.#attached.clear();
    await this.#announcing;
    await this.#record.written();
  }

  #dispatch(event: MembershipEvent): void {
    if (this.#closed) return;
    const { state, effects } = advanceMembership(
      this.#state,
      event,
      this.options.clock.monotonic(),
      this.options.membership,
    );
    this.#state = state;
    for (const effect of effects) this.#apply(effect);
  }

  #apply(effect: MembershipEffect): void {
    if (effect.kind === 'evict') {
      const attached = this.#attached.get(effect.memberId);
      this.#attached.delete(effect.memberId);
      attached?.channel.end('no heartbeat in time');
      this.options.onChange();
      return;
    }
    if (effect.kind === 'expel') return this.#expel(effect);
    if (effect.kind === 'probe') return this.#attached.get(effect.memberId)?.channel.send(PROBE);
    if (effect.kind === 'straggler') {
      const { memberId, ratio } = effect;
      this.#publish('straggler', `${this.#state.generation}-${memberId}`, { memberId, ratio });
      this.options.news.straggling?.(this.#job, memberId, ratio);
      return;
    }
    const { generation, members, shares, cause } = effect;
    const membership = { generation, members, shares, cause };
    this.#announcing = this.#announcing.then(() => this.#announce(membership));
  }

  /** The worker ends by itself, as failed; it is no member from the next generation on. */
  #expel({ memberId, cause, reason }: Extract<MembershipEffect, { kind: 'expel' }>): void {
    this.#attached.get(memberId)?.channel.send(expelledDirective(reason));
    const { generation } = this.#state;
    this.#publish('expelled', `${generation}-${memberId}`, { memberId, cause, reason, generation });
    this.options.news.expelled?.(this.#job, memberId, cause, reason);
    this.options.onChange();
  }

  async #announce(membership: StoredMembership): Promise<void> {
    const superseded = (): boolean => this.#closed || this.#state.generation > membership.generation;
    const advanced = await retryUntil(
      () => this.options.store.advance(this.#job.ref.uid, membership),
      superseded,
      (error) => this.options.onTrouble('state store: announcing a generation', error),
    );
    if (advanced === undefined) return;
    if (!advanced) {
      this.options.onTrouble(
        'state store',
        new Error('another coordinator has announced a later generation'),
      );
      await this.#reload();
      return;
    }
    this.#announced = membership;
    const directive = membershipDirective(membership);
    for (const { memberId, incarnation } of membership.members) {
      const attached = this.#attached.get(memberId);
      if (attached?.incarnation === incarnation) attached.channel.send(directive);
    }
    this.#publish('membership', `${membership.generation}`, membership);
    this.options.onChange();
  }

  /** Fenced: take what the store has, and let the workers come again. */
  async #reload(): Promise<void> {
    const stored = await this.options.store.load(this.#job.ref.uid);
    for (const { channel } of this.#attached.values()) channel.end('another coordinator leads this job');
    this.#attached.clear();
    if (stored?.membership === undefined) return;
    this.#announced = stored.membership;
    this.#state = restoredMembership(
      this.#job.expectedWorkers,
      { ...stored.membership, over: stored.finished !== undefined },
      this.options.clock.monotonic(),
    );
  }

  #finish(memberId: string, finished: Finished, channel: WorkerChannel): void {
    const decides = decidesJob(this.#state, memberId, finished);
    this.#dispatch({ kind: 'finished', memberId, over: decides });
    if (decides && this.#record.training.finished === undefined) {
      this.#save({ finished });
      this.#publish('finished', 'end', finished);
      this.#broadcast(finishedDirective(finished));
    }
    void this.#record.written().then(() => channel.end());
  }

  #broadcast(directive: Directive): void {
    for (const { channel } of this.#attached.values()) channel.send(directive);
  }

  #save(training: StoredTraining): void {
    this.#record.save(training);
    this.options.onChange();
  }

  #publish(type: JobEventType, key: string, data: unknown): void {
    // How it ended is told in any case: it does so once.
    if (type !== 'finished' && !this.#budgets.mayTell()) return;
    const { namespace, name, uid } = this.#job.ref;
    const event = {
      id: `${uid}/${type}/${key}`,
      namespace,
      job: name,
      type,
      time: new Date(this.options.clock.now()).toISOString(),
      data,
    };
    this.options.bus
      .publish(event)
      .catch((error: unknown) => this.options.onTrouble('event bus: publishing', error));
  }
}
