import { WorkPhase, type EvaluationResult } from '@tuneyard/proto';

import type { Computation } from './computation.js';
import type { GroupOptions } from './create-group.js';
import type { DataPlane } from './data-plane.js';
import { deal, type Deal } from './deal.js';
import type { Generations } from './generations.js';
import type { SharedResult } from './group.js';
import { payingNodes } from './paying-nodes.js';
import { RoundAbandoned, type Round } from './round.js';
import { concludeStances, type Plan, type WorkKey } from './stance.js';
import type { StateExchange } from './state-exchange.js';
import type { StopAgreement } from './stop-agreement.js';
import type { SumMemory } from './sum-memory.js';
import type { UnitClock } from './unit-clock.js';
import { verify } from './verify.js';
import { WorkReduce } from './work-reduce.js';

/** Of the member whose works these are. */
export interface GenerationWorkParts {
  readonly exchange: StateExchange;
  readonly generations: Generations;
  readonly memory: SumMemory;
  readonly stop: StopAgreement;
  readonly clock: UnitClock;
  readonly events: GroupOptions['events'];
  /** Undefined: not connected yet. */
  readonly dataPlane: () => DataPlane | undefined;
}

/** What a member does for a shared work within one generation: plan, catch up, compute its share, reduce. */
export class GenerationWork {
  readonly #deals = new Map<string, Deal>();
  #evaluation: EvaluationResult | undefined;
  /** When the generation ended under our feet (ms); until the next complete sum. */
  #interruptedAt: number | undefined;

  constructor(private readonly parts: GenerationWorkParts) {}

  /** The generation ended before the work was done. */
  interrupted(): void {
    this.#interruptedAt ??= performance.now();
  }

  /** Sums the work in this generation, or catches up with the others first. Throws {@link RoundAbandoned} when it is over. */
  async sumIn(round: Round, key: WorkKey, computation: Computation): Promise<SharedResult> {
    // Stops dealing with the former generation's share; the unit under way goes on.
    computation.pause();
    const plan = await this.planOf(round, key, computation);
    if (this.parts.exchange.committedStep() < plan.committedStep) {
      await computation.idle();
      const dataPlane = this.parts.dataPlane();
      if (dataPlane === undefined) throw new RoundAbandoned('not connected');
      const committedStep = await this.parts.exchange.catchUp(round, plan, dataPlane);
      return { kind: 'caught-up', committedStep };
    }
    const known = isBefore(key, plan.target) ? plan.evaluation : undefined;
    if (known !== undefined && key.phase === WorkPhase.WORK_PHASE_EVALUATION) {
      // The others have made this sum already, in an earlier generation.
      this.#evaluation = known;
      const { lossSum, trainedTokens } = known;
      const timings = { computeSeconds: computation.seconds, reduceSeconds: 0, additionSeconds: 0, bytes: 0 };
      return { kind: 'sum', vector: new Float32Array(0), scalars: { lossSum, trainedTokens }, timings };
    }
    return this.#reduceIn(round, key, computation, plan);
  }

  async #reduceIn(round: Round, key: WorkKey, computation: Computation, plan: Plan): Promise<SharedResult> {
    const { count, vectorLength } = computation.work;
    const isTarget = plan.target.step === key.step && plan.target.phase === key.phase;
    const dealt = (isTarget ? plan.deal : undefined) ?? this.#freshDeal(count, round.speeds);
    const { format } = computation;
    const vector = this.parts.memory.sums.next(vectorLength);
    const reduce = new WorkReduce({
      generation: round.generation,
      ...key,
      rank: round.rank,
      size: round.size,
      count,
      deal: dealt,
      out: vector,
      format,
      nodes: payingNodes(round.nodes),
      relayed: this.parts.memory.relayed(format),
      send: (rank, ...frames) => round.send(rank, ...frames),
    });
    const verification = verify(round, key, computation, dealt, this.parts.events);
    round.post(key.step, key.phase, {
      accept: (from, frame) => verification?.accept(from, frame) || reduce.accept(from, frame),
      dispose: () => reduce.dispose(),
    });
    await round.orAbandon(computation.complete(dealt.units[round.rank] ?? []));
    const began = performance.now();
    this.parts.generations.isReducing = true;
    let reducedAt: number | undefined;
    void reduce.done.then(() => (reducedAt = performance.now()));
    try {
      await round.orAbandon(reduce.contribute(computation.sums, this.parts.stop.flags()));
      await verification?.agreed();
      const scalars = await round.orAbandon(reduce.done);
      const reduceSeconds = ((reducedAt ?? performance.now()) - began) / 1000;
      this.#tell(round, reduce);
      this.parts.stop.conclude(reduce.flags);
      this.parts.memory.sums.done(vector);
      format.done(reduce.results);
      reduce.release();
      if (key.phase === WorkPhase.WORK_PHASE_EVALUATION) this.#evaluation = { step: key.step, ...scalars };
      const { additionSeconds, bytesSent: bytes } = reduce;
      const timings = { computeSeconds: computation.seconds, reduceSeconds, additionSeconds, bytes };
      return { kind: 'sum', vector, scalars, timings };
    } catch (error) {
      this.parts.events?.sentInVain?.(reduce.bytesSent);
      throw error;
    } finally {
      this.parts.generations.isReducing = false;
    }
  }

  #tell(round: Round, reduce: WorkReduce): void {
    const { events } = this.parts;
    round.members.forEach(({ memberId }, rank) => {
      if (rank !== round.rank) events?.waitedFor?.(memberId, reduce.waitSeconds(rank));
    });
    if (this.#interruptedAt !== undefined)
      events?.recovered?.(round.cause, (performance.now() - this.#interruptedAt) / 1000);
    this.#interruptedAt = undefined;
    if (this.parts.clock.seconds !== undefined)
      events?.paced?.(this.parts.clock.seconds, round.speeds[round.rank] ?? 1);
  }

  /** The plan of the generation, after all have said where they stand. */
  async planOf(round: Round, key: WorkKey, computation: Computation | undefined): Promise<Plan> {
    if (round.plan !== undefined) return round.plan;
    const held = (await computation?.claims()) ?? [];
    const stances = await round.exchangeStances({
      generation: round.generation,
      committedStep: this.parts.exchange.committedStep(),
      ...key,
      count: computation?.work.count ?? 0,
      vectorLength: computation?.work.vectorLength ?? 0,
      held,
      evaluation: this.#evaluation,
    });
    round.plan = concludeStances(stances, round.speeds);
    return round.plan;
  }

  #freshDeal(count: number, speeds: readonly number[]): Deal {
    const key = `${count}/${speeds.join('/')}`;
    const fresh =
      this.#deals.get(key) ??
      deal(
        count,
        speeds.map(() => []),
        speeds,
      );
    this.#deals.set(key, fresh);
    return fresh;
  }
}

function isBefore(left: WorkKey, right: WorkKey): boolean {
  return left.step < right.step || (left.step === right.step && left.phase < right.phase);
}
