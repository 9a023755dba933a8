import {
  WorkPhase,
  type CheckpointDone,
  type CheckpointRequest,
  type EvaluationResult,
  type FetchStateRequest,
  type Finished,
  type Finished_Outcome,
  type Hello,
  type Membership,
  type Progress,
  type PullRequest,
  type Stance,
  type StateChunk,
  type Stop,
  type TrainerConfig,
} from '@tuneyard/proto';

import { CoordinatorError } from '../errors.js';
import { Computation } from './computation.js';
import { CoordinatorSession } from './coordinator-session.js';
import type { GroupOptions } from './create-group.js';
import type { DataPlane, FrameSink, PeerHandlers } from './data-plane.js';
import { deal, type Deal } from './deal.js';
import type { Group, SharedResult, SharedWork, StateHolder } from './group.js';
import { VectorPool } from './partial-sums.js';
import { Round, RoundAbandoned } from './round.js';
import { sameSecret } from './secret.js';
import { concludeStances, type Plan, type WorkKey } from './stance.js';
import { StateAssembly, stateChunks, type StateImage } from './state-transfer.js';
import { FLAG_STOP, FLAG_STOP_WITH_CHECKPOINT } from './wire-format.js';
import { WorkReduce } from './work-reduce.js';

const MAX_PARKED_PULLS = 256;
/** A generation that nobody can continue and that the coordinator does not replace is reported again. */
const REPORT_AGAIN_MS = 2000;

/** {@link Group} over a data plane and a session with the coordinator. */
export class PeerGroup implements Group, PeerHandlers {
  readonly memberId: string;
  readonly #pool: VectorPool;
  readonly #session: CoordinatorSession;
  #dataPlane: DataPlane | undefined;
  #state: StateHolder | undefined;
  #round: Round | undefined;
  /** Known, but the current one is allowed to finish its reduction first. */
  #nextMembership: Membership | undefined;
  #reducing = false;
  #generation = 0;
  #waiting: (() => void)[] = [];
  /** Pulls for generations that this member does not know yet. */
  #parked: { readonly request: PullRequest; readonly sink: FrameSink }[] = [];
  #outs: Float32Array[] = [];
  #evaluation: EvaluationResult | undefined;
  readonly #deals = new Map<string, Deal>();
  #exported: Promise<StateImage> | undefined;
  #exportedStep = -1;
  readonly #assembly = new StateAssembly();
  /** The loop is inside of a call, so the state may be read. */
  #holdsStill: { readonly resolve: () => void; readonly promise: Promise<void> } = gate();
  #checkpointRequest: CheckpointRequest | undefined;
  #stopTold: Stop | undefined;
  #stopAgreed: Stop | undefined;
  #over: Finished_Outcome | undefined;
  #closed = false;

  constructor(
    private readonly options: GroupOptions & { readonly incarnation: string },
    private readonly createDataPlane: (handlers: PeerHandlers) => Promise<DataPlane>,
  ) {
    this.memberId = options.memberId;
    this.#pool = new VectorPool(options.allocate);
    this.#session = new CoordinatorSession({
      address: options.coordinatorAddress,
      tls: options.tls,
      name: options.coordinatorName ?? 'tuneyard-coordinator',
      hello: () => this.#hello(),
      committedStep: () => this.#committedStep(),
      listener: {
        onMembership: (membership) => this.#onMembership(membership),
        onCheckpoint: (request) => (this.#checkpointRequest = request),
        onStop: (stop) => {
          this.#stopTold = stop;
          this.#wake();
        },
        onJobFinished: ({ outcome }) => {
          this.#over = outcome;
          this.#round?.abandon('the job is finished');
          this.#wake();
        },
      },
    });
  }

  get rank(): number {
    return this.#round?.rank ?? 0;
  }

  get size(): number {
    return this.#round?.size ?? 0;
  }

  get generation(): number {
    return this.#generation;
  }

  async connect(): Promise<TrainerConfig> {
    this.#dataPlane = await this.createDataPlane(this);
    const { config } = await this.#session.connect(1000 * (this.options.connectTimeoutSeconds ?? 60));
    if (config === undefined)
      throw new CoordinatorError('the coordinator sent no configuration: it is of another version');
    return config;
  }

  async join(state: StateHolder, totalSteps: number): Promise<void> {
    this.#state = state;
    this.#session.ready({ committedStep: state.committedStep(), totalSteps });
    while (this.#round === undefined && this.#stopTold === undefined && this.#over === undefined)
      await this.#change();
    if (this.#round === undefined) this.#stopAgreed = this.#stopTold;
  }

  async sum(work: SharedWork): Promise<SharedResult> {
    const key = this.#check(work);
    const computation = new Computation(work, this.#pool);
    try {
      return await this.#inRounds((round) => this.#sumIn(round, key, work, computation));
    } finally {
      await computation.idle();
      computation.sums.clear();
    }
  }

  async awaitCompletion(): Promise<'over' | 'leader'> {
    const result = await this.#inRounds<SharedResult | 'leader'>(async (round) => {
      if (round.rank === 0) return 'leader';
      const key = { step: this.#committedStep(), phase: WorkPhase.WORK_PHASE_END };
      await this.#planOf(round, key, undefined);
      return round.orAbandon(new Promise<never>(() => {}));
    });
    return result === 'leader' ? 'leader' : 'over';
  }

  reportProgress(progress: Progress): void {
    this.#session.progress(progress);
  }

  reportCheckpoint(done: CheckpointDone): void {
    this.#session.checkpointDone(done);
  }

  async finish(finished: Finished): Promise<void> {
    this.#holdsStill.resolve();
    await this.#session.finish(finished);
  }

  takeCheckpointRequest(): CheckpointRequest | undefined {
    const request = this.#checkpointRequest;
    this.#checkpointRequest = undefined;
    return request;
  }

  stopRequested(): Stop | undefined {
    return this.#stopAgreed;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#session.close();
    this.#round?.abandon('closed');
    this.#wake();
    for (const { sink } of this.#parked.splice(0)) sink.end();
    await this.#round?.retired();
    await this.#dataPlane?.close();
  }

  onPull(request: PullRequest, sink: FrameSink): void {
    const { job, token } = this.options;
    if (request.jobUid !== job.uid || !sameSecret(request.token, token)) return sink.refuse('stranger');
    if (request.generation < this.#generation || this.#closed) return sink.refuse('stale');
    if (request.generation === this.#generation && this.#round !== undefined)
      return this.#round.attach(request, sink);
    this.#parked.push({ request, sink });
    if (this.#parked.length > MAX_PARKED_PULLS) this.#parked.shift()?.sink.refuse('stale');
  }

  async *onFetchState(request: FetchStateRequest): AsyncIterable<StateChunk> {
    const { job, token } = this.options;
    if (request.jobUid !== job.uid || !sameSecret(request.token, token))
      throw new CoordinatorError('not a member of this job');
    await this.#holdsStill.promise;
    const step = this.#committedStep();
    if (this.#exported === undefined || this.#exportedStep !== step) {
      this.#exportedStep = step;
      this.#exported = this.#export(step);
    }
    yield* stateChunks(await this.#exported, request);
  }

  /** Runs `attempt` in the current generation, and again in the next one for as long as it is abandoned. */
  async #inRounds<Result>(
    attempt: (round: Round) => Promise<Result>,
  ): Promise<Result | { kind: 'over'; outcome: Finished_Outcome }> {
    this.#holdsStill.resolve();
    try {
      for (;;) {
        if (this.#over !== undefined) return { kind: 'over', outcome: this.#over };
        if (this.#closed) throw new RoundAbandoned('the group is closed');
        this.#enterNextMembership();
        const round = this.#round;
        if (round === undefined || round.isAbandoned) {
          await this.#change();
          continue;
        }
        try {
          return await attempt(round);
        } catch (error) {
          if (!(error instanceof RoundAbandoned)) throw error;
        }
      }
    } finally {
      this.#holdsStill = gate();
    }
  }

  async #sumIn(
    round: Round,
    key: WorkKey,
    work: SharedWork,
    computation: Computation,
  ): Promise<SharedResult> {
    // Stops dealing with the former generation's share; the unit under way goes on.
    computation.pause();
    const plan = await this.#planOf(round, key, computation);
    if (this.#committedStep() < plan.committedStep) {
      await computation.idle();
      return this.#catchUp(round, plan);
    }
    const isTarget = plan.target.step === key.step && plan.target.phase === key.phase;
    const known = plan.evaluation;
    const isBefore =
      plan.target.step > key.step || (plan.target.step === key.step && plan.target.phase > key.phase);
    if (isBefore && known !== undefined && key.phase === WorkPhase.WORK_PHASE_EVALUATION) {
      this.#evaluation = known;
      return {
        kind: 'sum',
        vector: new Float32Array(0),
        scalars: { lossSum: known.lossSum, trainedTokens: known.trainedTokens },
        timings: { computeSeconds: computation.seconds, reduceSeconds: 0, bytes: 0 },
      };
    }
    const dealt = isTarget && plan.deal !== undefined ? plan.deal : this.#freshDeal(work.count, round.size);
    const out = this.#nextOut(work.vectorLength);
    const reduce = new WorkReduce({
      generation: round.generation,
      ...key,
      rank: round.rank,
      size: round.size,
      count: work.count,
      deal: dealt,
      out,
      send: (rank, frame) => round.send(rank, frame),
    });
    round.post(key.step, key.phase, reduce);
    await round.orAbandon(computation.complete(dealt.units[round.rank] ?? []));
    this.#reducing = true;
    const began = performance.now();
    try {
      reduce.contribute(computation.sums, this.#stopFlags());
      const scalars = await round.orAbandon(reduce.done);
      const reduceSeconds = (performance.now() - began) / 1000;
      this.#agreeToStop(reduce.flags);
      if (out === this.#outs[0]) this.#outs.reverse();
      if (key.phase === WorkPhase.WORK_PHASE_EVALUATION) this.#evaluation = { step: key.step, ...scalars };
      return {
        kind: 'sum',
        vector: out,
        scalars,
        timings: { computeSeconds: computation.seconds, reduceSeconds, bytes: reduce.bytesSent },
      };
    } finally {
      this.#reducing = false;
    }
  }

  /** The plan of the generation, after all have said where they stand. */
  async #planOf(round: Round, key: WorkKey, computation: Computation | undefined): Promise<Plan> {
    if (round.plan !== undefined) return round.plan;
    const stance: Stance = {
      generation: round.generation,
      committedStep: this.#committedStep(),
      ...key,
      count: computation?.work.count ?? 0,
      vectorLength: computation?.work.vectorLength ?? 0,
      held: computation?.claims() ?? [],
      evaluation: this.#evaluation,
    };
    const plan = concludeStances(await round.exchangeStances(stance));
    round.plan = plan;
    return plan;
  }

  async #catchUp(round: Round, plan: Plan): Promise<SharedResult> {
    const donor = round.members[plan.donors[0] ?? 0];
    if (donor === undefined || this.#dataPlane === undefined) throw new RoundAbandoned('no donor');
    const { job, token } = this.options;
    const { step, offset } = this.#assembly.next;
    const request = {
      jobUid: job.uid,
      token,
      memberId: this.memberId,
      generation: round.generation,
      offset: step === plan.committedStep ? offset : 0,
      step,
    };
    let image: StateImage | undefined;
    try {
      for await (const chunk of this.#dataPlane.fetchState(donor, request)) {
        image = this.#assembly.accept(chunk);
        if (round.isAbandoned) break;
      }
    } catch (error) {
      round.fail(donor.memberId, `state: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (image === undefined) throw new RoundAbandoned('the state did not arrive');
    await this.#state?.importState(image.step, image.bytes);
    return { kind: 'caught-up', committedStep: this.#committedStep() };
  }

  async #export(step: number): Promise<StateImage> {
    const bytes = await this.#state?.exportState();
    if (bytes === undefined) throw new CoordinatorError('this member has no state yet');
    return { step, bytes };
  }

  #onMembership(membership: Membership): void {
    const newest = this.#nextMembership?.generation ?? this.#generation;
    if (membership.generation <= newest || this.#closed) return;
    if (this.#rankIn(membership) < 0) return;
    this.#nextMembership = membership;
    const remaining = new Set(membership.members.map((member) => `${member.memberId} ${member.incarnation}`));
    const allStay = this.#round?.members.every((member) =>
      remaining.has(`${member.memberId} ${member.incarnation}`),
    );
    // Newcomers can wait for the end of a reduction under way; its members leave it together.
    if (allStay === true && this.#reducing && membership.cause === 'joined') return;
    this.#enterNextMembership();
  }

  #enterNextMembership(): void {
    const membership = this.#nextMembership;
    const dataPlane = this.#dataPlane;
    if (membership === undefined || dataPlane === undefined) return;
    this.#nextMembership = undefined;
    this.#round?.abandon(`generation ${membership.generation} begins`);
    this.#generation = membership.generation;
    const { job, token } = this.options;
    const { memberId } = this;
    const { incarnation } = this.options;
    dataPlane.keepOnly([...membership.members, ...(this.#round?.members ?? [])]);
    const round = new Round({
      membership,
      rank: this.#rankIn(membership),
      dataPlane,
      request: { jobUid: job.uid, token, memberId, incarnation, generation: membership.generation },
      onPeerFailure: (peer, reason) => {
        const { generation } = membership;
        this.options.log?.warn({ generation, peer, reason }, 'lost a peer');
        this.#session.peerFailure({ generation, memberId: peer, reason });
      },
    });
    const { generation, cause } = membership;
    const members = membership.members.map((member) => member.memberId);
    this.options.log?.info({ generation, cause, rank: round.rank, members }, 'a generation begins');
    this.#round = round;
    const parked = this.#parked;
    this.#parked = [];
    for (const { request, sink } of parked) this.onPull(request, sink);
    this.#wake();
  }

  #rankIn(membership: Membership): number {
    return membership.members.findIndex(
      (member) => member.memberId === this.memberId && member.incarnation === this.options.incarnation,
    );
  }

  #check(work: SharedWork): WorkKey {
    const committed = this.#committedStep();
    const ofGradient = work.phase === 'gradient';
    const expected = ofGradient ? committed + 1 : committed;
    if (work.step !== expected || work.count < 1 || (!ofGradient && work.vectorLength !== 0))
      throw new RangeError(
        `${work.phase} of step ${work.step} with ${work.count} units of ${work.vectorLength} after committed step ${committed}`,
      );
    return {
      step: work.step,
      phase: ofGradient ? WorkPhase.WORK_PHASE_GRADIENT : WorkPhase.WORK_PHASE_EVALUATION,
    };
  }

  #freshDeal(count: number, size: number): Deal {
    const key = `${count}/${size}`;
    let fresh = this.#deals.get(key);
    if (fresh === undefined) {
      fresh = deal(
        count,
        Array.from({ length: size }, () => []),
      );
      this.#deals.set(key, fresh);
    }
    return fresh;
  }

  /**
   * Two vectors in turn: a peer may still be reading the last sum from one while the next is made in the other, and
   * nobody can need the last but one, because all have contributed to the last.
   */
  #nextOut(length: number): Float32Array {
    if (length === 0) return new Float32Array(0);
    if (this.#outs.length < 2 || this.#outs.some((out) => out.length !== length)) {
      const allocate = this.options.allocate ?? ((elements: number) => new Float32Array(elements));
      this.#outs = [allocate(length), allocate(length)];
    }
    return this.#outs[0] ?? new Float32Array(length);
  }

  #stopFlags(): number {
    if (this.#stopTold === undefined) return 0;
    return FLAG_STOP | (this.#stopTold.checkpoint ? FLAG_STOP_WITH_CHECKPOINT : 0);
  }

  #agreeToStop(flags: number): void {
    if ((flags & FLAG_STOP) === 0) return;
    const checkpoint = (flags & FLAG_STOP_WITH_CHECKPOINT) !== 0;
    this.#stopAgreed = { reason: this.#stopTold?.reason ?? 'a peer was told to stop', checkpoint };
  }

  #committedStep(): number {
    return this.#state?.committedStep() ?? 0;
  }

  #hello(): Hello {
    const { job, token, backend } = this.options;
    return {
      job,
      token,
      memberId: this.memberId,
      incarnation: this.options.incarnation,
      address: this.#dataPlane?.address ?? '',
      bulkAddress: this.#dataPlane?.bulkAddress ?? '',
      committedStep: this.#committedStep(),
      backend: backend ?? '',
      generation: this.#generation,
    };
  }

  /** Resolves at the next event of the session. */
  async #change(): Promise<void> {
    const abandoned = this.#round;
    const again = setInterval(() => abandoned?.complainAgain(), REPORT_AGAIN_MS);
    try {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } finally {
      clearInterval(again);
    }
  }

  #wake(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }
}

function gate(): { resolve: () => void; promise: Promise<void> } {
  let resolve = (): void => {};
  const promise = new Promise<void>((open) => (resolve = open));
  return { resolve, promise };
}
