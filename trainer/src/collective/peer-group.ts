import {
  Finished_Outcome,
  WorkPhase,
  type CheckpointDone,
  type CheckpointRequest,
  type FetchStateRequest,
  type Finished,
  type Hello,
  type Progress,
  type PullRequest,
  type ResumedFrom,
  type StateChunk,
  type Stop,
  type TrainerConfig,
} from '@tuneyard/proto';

import { CoordinatorError, ExpelledError } from '../errors.js';
import { Computation } from './computation.js';
import { CoordinatorSession } from './coordinator-session.js';
import type { GroupOptions } from './create-group.js';
import type { DataPlane, FrameSink, PeerHandlers } from './data-plane.js';
import { GenerationWork } from './generation-work.js';
import { Generations } from './generations.js';
import { Ending } from './ending.js';
import type { Group, SharedResult, SharedWork, StateHolder } from './group.js';
import { RoundAbandoned, type Round } from './round.js';
import type { WorkKey } from './stance.js';
import { StateExchange } from './state-exchange.js';
import { StopAgreement } from './stop-agreement.js';
import { SumMemory } from './sum-memory.js';
import { UnitClock } from './unit-clock.js';

type Over = Extract<SharedResult, { kind: 'over' }>;

/** {@link Group} over a data plane and a session with the coordinator. */
export class PeerGroup implements Group, PeerHandlers {
  readonly memberId: string;
  readonly #session: CoordinatorSession;
  readonly #generations: Generations;
  readonly #exchange: StateExchange;
  readonly #stop = new StopAgreement();
  readonly #memory: SumMemory;
  readonly #clock = new UnitClock();
  #dataPlane: DataPlane | undefined;
  #advertised = { address: '', bulkAddress: '' };
  #checkpointRequest: CheckpointRequest | undefined;
  #over: Finished_Outcome | undefined;
  #expelled: ExpelledError | undefined;
  /** Generation and peer of the newest report to the coordinator. */
  #reported = '';
  #closed = false;
  #isEvaluating = false;
  readonly #ending = new Ending({
    uselessness: () =>
      this.#isEvaluating ? 'an evaluation can be made again' : this.#session.givenUp()?.message,
    hasGeneration: () => this.#generations.round?.isAbandoned === false,
    onDue: () => {
      this.#generations.round?.abandon('this process was told to end');
      this.#generations.wake();
    },
  });
  readonly #work: GenerationWork;

  constructor(
    private readonly options: GroupOptions & { readonly incarnation: string },
    private readonly createDataPlane: (handlers: PeerHandlers) => Promise<DataPlane>,
  ) {
    const { memberId, incarnation, job, token, log, tls } = options;
    this.memberId = memberId;
    this.#memory = new SumMemory(options.allocate ?? ((length) => new Float32Array(length)));
    this.#exchange = new StateExchange({ jobUid: job.uid, token, memberId }, options.events);
    this.#generations = new Generations({
      jobUid: job.uid,
      token,
      memberId,
      incarnation,
      onBegin: ({ generation, rank }, membership) => {
        const members = membership.members.map((member) => member.memberId);
        log?.info({ generation, cause: membership.cause, rank, members }, 'a generation begins');
        options.events?.entered?.(membership.cause);
      },
      onPeerFailure: (generation, { memberId: peer, reason, kind }) => {
        if (kind === 'wrong-bits') log?.warn({ generation, peer }, `wrong bits: ${reason}`);
        else log?.info({ generation, peer, reason }, 'lost a peer');
        const isNews = this.#reported !== `${generation} ${peer}`;
        this.#reported = `${generation} ${peer}`;
        if (isNews) options.events?.reported?.(peer, kind);
        this.#session.peerFailure({
          generation,
          memberId: peer,
          reason,
          ...(kind === 'wrong-bits' ? { wrongBits: true } : {}),
        });
      },
    });
    this.#work = new GenerationWork({
      exchange: this.#exchange,
      generations: this.#generations,
      memory: this.#memory,
      stop: this.#stop,
      clock: this.#clock,
      events: options.events,
      dataPlane: () => this.#dataPlane,
    });
    this.#session = new CoordinatorSession({
      address: options.coordinatorAddress,
      tls,
      name: options.coordinatorName ?? 'tuneyard-coordinator',
      hello: () => this.#hello(),
      committedStep: () => this.#exchange.committedStep(),
      unitSeconds: () => this.#clock.seconds,
      ...(options.coordinatorPatienceSeconds === undefined
        ? {}
        : { patienceMs: 1000 * options.coordinatorPatienceSeconds }),
      listener: {
        // What was said to a coordinator that is gone may be lost with it.
        onWelcome: () => this.#generations.round?.complainAgain(),
        onMembership: (membership) => this.#generations.announce(membership),
        onCheckpoint: (request) => (this.#checkpointRequest = request),
        onStop: (stop) => {
          // Without a checkpoint there is nothing to agree on with the peers, and nobody waits for a report.
          if (!stop.checkpoint) {
            this.#end(Finished_Outcome.OUTCOME_STOPPED, stop.reason);
            return options.onDismissed?.(stop.reason);
          }
          this.#stop.told = stop;
          this.#generations.wake();
        },
        onJobFinished: ({ outcome }) => this.#end(outcome, 'the job is finished'),
        onExpelled: ({ reason }) => {
          this.#expelled = new ExpelledError(`this worker was expelled from its job: ${reason}`);
          this.#generations.round?.abandon('expelled');
          this.#generations.wake();
        },
      },
    });
  }

  get rank(): number {
    return this.#generations.round?.rank ?? 0;
  }

  get size(): number {
    return this.#generations.round?.size ?? 0;
  }

  get generation(): number {
    return this.#generations.number;
  }

  async connect(): Promise<TrainerConfig> {
    this.#dataPlane = await this.createDataPlane(this);
    const { advertise = (address: string): Promise<string> => Promise.resolve(address) } = this.options;
    const { address, bulkAddress } = this.#dataPlane;
    this.#advertised = {
      address: await advertise(address),
      bulkAddress: bulkAddress === '' ? '' : await advertise(bulkAddress),
    };
    this.#generations.start(this.#dataPlane);
    const { config } = await this.#session.connect(1000 * (this.options.connectTimeoutSeconds ?? 60));
    if (config === undefined)
      throw new CoordinatorError('the coordinator sent no configuration: it is of another version');
    return config;
  }

  async join(state: StateHolder, totalSteps: number, resumedFrom?: ResumedFrom): Promise<void> {
    this.#exchange.state = state;
    this.#session.ready({ committedStep: state.committedStep(), totalSteps, resumedFrom });
    while (this.size === 0 && this.#stop.told === undefined && this.#over === undefined)
      await this.#generations.change(() => this.#expelled ?? this.#session.givenUp());
    if (this.size === 0) this.#stop.agreed = this.#stop.told;
  }

  async sum(work: SharedWork): Promise<SharedResult> {
    const key = this.#keyOf(work);
    this.#isEvaluating = work.phase === 'evaluation';
    const computation = new Computation(work, this.#memory.vectors, this.#memory.formatOf(work));
    try {
      return await this.#inRounds((round) => this.#work.sumIn(round, key, computation));
    } finally {
      if (key.phase === WorkPhase.WORK_PHASE_GRADIENT)
        this.#clock.add(computation.seconds, computation.computed);
      this.#isEvaluating = false;
      await computation.idle();
      computation.sums.clear();
    }
  }

  async awaitCompletion(): Promise<'over' | 'leader'> {
    // Whoever only waits has nothing to save.
    const told = this.#ending.asked.then((): Over => ({
      kind: 'over',
      outcome: Finished_Outcome.OUTCOME_STOPPED,
    }));
    const waited = this.#inRounds<Over | 'leader'>(async (round) => {
      if (round.rank === 0) return 'leader';
      const key = { step: this.#exchange.committedStep(), phase: WorkPhase.WORK_PHASE_END };
      await this.#work.planOf(round, key, undefined);
      return round.abandoned;
    });
    const result = await Promise.race([waited, told]);
    return result === 'leader' ? 'leader' : 'over';
  }

  reportProgress(progress: Progress): void {
    this.#session.progress(progress);
  }

  reportCheckpoint(done: CheckpointDone): void {
    this.#session.checkpointDone(done);
  }

  async finish(finished: Finished): Promise<void> {
    this.#exchange.still();
    await this.#session.finish(finished);
  }

  takeCheckpointRequest(): CheckpointRequest | undefined {
    const request = this.#checkpointRequest;
    this.#checkpointRequest = undefined;
    return request;
  }

  stopRequested(): Stop | undefined {
    return this.#stop.agreed;
  }

  endSoon(): void {
    this.#session.endSoon();
    this.#ending.ask();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#ending.close();
    this.#session.close();
    await this.#generations.close();
    await this.#dataPlane?.close();
  }

  onPull(request: PullRequest, sink: FrameSink): void {
    this.#generations.admit(request, sink);
  }

  onFetchState(request: FetchStateRequest): AsyncIterable<StateChunk> {
    return this.#exchange.serve(request);
  }

  /** Nothing is left to do here: whatever is waited for or summed ends. */
  #end(outcome: Finished_Outcome, reason: string): void {
    this.#over = outcome;
    this.#generations.round?.abandon(reason);
    this.#generations.wake();
  }

  /** Runs `attempt` in the current generation, and again in the next one for as long as it is abandoned. */
  async #inRounds<Result>(attempt: (round: Round) => Promise<Result>): Promise<Result | Over> {
    this.#exchange.still();
    try {
      for (;;) {
        if (this.#over !== undefined) return { kind: 'over', outcome: this.#over };
        if (this.#expelled !== undefined) throw this.#expelled;
        if (this.#ending.reason !== undefined) throw this.#ending.reason;
        if (this.#closed) throw new RoundAbandoned('the group is closed');
        const round = this.#generations.current();
        if (round === undefined) {
          await this.#generations.change(() => this.#ending.reason ?? this.#session.givenUp());
          continue;
        }
        try {
          return await attempt(round);
        } catch (error) {
          if (!(error instanceof RoundAbandoned)) throw error;
          this.#work.interrupted();
        }
      }
    } finally {
      this.#exchange.moving();
    }
  }

  #keyOf(work: SharedWork): WorkKey {
    const committed = this.#exchange.committedStep();
    const ofGradient = work.phase === 'gradient';
    const expected = ofGradient ? committed + 1 : committed;
    if (work.step !== expected || work.count < 1 || (!ofGradient && work.vectorLength !== 0))
      throw new RangeError(
        `${work.phase} of step ${work.step} with ${work.count} units of ${work.vectorLength} after committed step ${committed}`,
      );
    const phase = ofGradient ? WorkPhase.WORK_PHASE_GRADIENT : WorkPhase.WORK_PHASE_EVALUATION;
    return { step: work.step, phase };
  }

  #hello(): Hello {
    const { job, token, backend, incarnation } = this.options;
    return {
      job,
      token,
      memberId: this.memberId,
      incarnation,
      ...this.#advertised,
      committedStep: this.#exchange.committedStep(),
      backend: backend ?? '',
      node: this.options.node ?? '',
      generation: this.#generations.number,
    };
  }
}
