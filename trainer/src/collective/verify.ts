import { Ballot } from './ballot.js';
import type { Computation } from './computation.js';
import type { Deal } from './deal.js';
import type { GroupEvents } from './group-events.js';
import { RoundAbandoned, type Round } from './round.js';
import type { WorkKey } from './stance.js';
import { checksOf, disputedUnits, wrongRanks } from './verification.js';
import { FrameKind, type Frame } from './wire-format.js';

/** The cross-check of one work in one generation. */
export class Verification {
  readonly #ballot: Ballot;
  readonly #checks: ReturnType<typeof checksOf>;

  constructor(
    private readonly round: Round,
    private readonly key: WorkKey,
    private readonly computation: Computation,
    deal: Deal,
    turn: number,
    private readonly events: GroupEvents | undefined,
  ) {
    const { generation, rank, size } = round;
    this.#checks = checksOf(deal.units, turn);
    this.#ballot = new Ballot({
      generation,
      ...key,
      rank,
      size,
      send: (to, ...frames) => round.send(to, ...frames),
    });
  }

  /** Takes the frames that belong here; false = not one of them. */
  accept(from: number, frame: Frame): boolean {
    if (frame.kind !== FrameKind.digests) return false;
    this.#ballot.accept(from, frame);
    return true;
  }

  /**
   * After this member's share is computed: resolves when two members came to the same bits of every checked unit. Where
   * they did not, all compute these units again, tell the coordinator who is wrong, and leave the round.
   */
  async agreed(): Promise<void> {
    const { round, computation } = this;
    const began = performance.now();
    const mine = this.#checks.filter(({ owner, checker }) => owner === round.rank || checker === round.rank);
    const own = new Map<number, string>();
    for (const { unit } of mine) own.set(unit, await round.orAbandon(computation.digest(unit)));
    const first = await round.orAbandon(this.#ballot.first(own));
    const disputed = disputedUnits(this.#checks, first);
    const doubtful = mine.filter(({ unit }) => disputed.includes(unit));
    this.events?.verified?.(mine.length, doubtful.length, (performance.now() - began) / 1000);
    if (disputed.length === 0) return;
    const anew = new Map<number, string>();
    for (const unit of disputed) anew.set(unit, await round.orAbandon(computation.digestAgain(unit)));
    const again = await round.orAbandon(this.#ballot.again(anew));
    this.#denounce(
      disputed,
      disputed.flatMap((unit) => wrongRanks(unit, this.#checks, first, again)),
    );
    throw new RoundAbandoned('wrong bits');
  }

  #denounce(units: readonly number[], wrong: readonly number[]): void {
    const memberIds = this.round.members.flatMap(({ memberId }, rank) =>
      wrong.includes(rank) ? [memberId] : [],
    );
    const names = memberIds.join(' and ');
    const batches = `micro-batch${units.length === 1 ? '' : 'es'} ${units.join(', ')}`;
    this.round.denounce(
      memberIds,
      `the gradient of ${batches} in step ${this.key.step} as computed by ${names} has wrong bits`,
    );
  }
}

/** Undefined when the work is not to be verified. */
export function verify(
  round: Round,
  key: WorkKey,
  computation: Computation,
  deal: Deal,
  events: GroupEvents | undefined,
): Verification | undefined {
  const { verification: turn } = computation.work;
  return turn === undefined || round.size < 2
    ? undefined
    : new Verification(round, key, computation, deal, turn, events);
}
