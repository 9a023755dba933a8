import type { FetchStateRequest, StateChunk } from '@tuneyard/proto';

import { CoordinatorError } from '../errors.js';
import type { DataPlane } from './data-plane.js';
import type { GroupEvents } from './group-events.js';
import type { StateHolder } from './group.js';
import type { Round } from './round.js';
import { RoundAbandoned } from './round.js';
import { sameSecret } from './secret.js';
import type { Plan } from './stance.js';
import { StateAssembly, stateChunks, type StateImage } from './state-transfer.js';

export interface StateExchangeOptions {
  readonly jobUid: string;
  readonly token: string;
  readonly memberId: string;
}

/** Hands this member's state to those behind it, and fetches it from those ahead. */
export class StateExchange {
  state: StateHolder | undefined;
  readonly #assembly = new StateAssembly();
  #exported: Promise<StateImage> | undefined;
  #exportedStep = -1;
  /** Open while the loop waits inside of the group, so that nobody changes the state. */
  #still = gate();

  constructor(
    private readonly options: StateExchangeOptions,
    private readonly events?: GroupEvents,
  ) {}

  committedStep(): number {
    return this.state?.committedStep() ?? 0;
  }

  /** The loop has come into the group: the state may be read until {@link moving}. */
  still(): void {
    this.#still.open();
  }

  moving(): void {
    this.#still = gate();
  }

  async *serve(request: FetchStateRequest): AsyncIterable<StateChunk> {
    const { jobUid, token } = this.options;
    if (request.jobUid !== jobUid || !sameSecret(request.token, token))
      throw new CoordinatorError('not a member of this job');
    await this.#still.opened;
    const step = this.committedStep();
    if (this.#exported === undefined || this.#exportedStep !== step) {
      this.#exportedStep = step;
      this.#exported = this.#export(step);
    }
    for (const chunk of stateChunks(await this.#exported, request)) {
      this.events?.stateMoved?.('sent', chunk.data.byteLength);
      yield chunk;
    }
  }

  /** Takes over the state of the furthest member; returns the step that it has then. */
  async catchUp(round: Round, plan: Plan, dataPlane: DataPlane): Promise<number> {
    const donor = round.members[plan.donors[0] ?? 0];
    if (donor === undefined) throw new RoundAbandoned('no donor');
    const { step, offset } = this.#assembly.next;
    let image: StateImage | undefined;
    const over = new AbortController();
    round.abandoned.catch(() => over.abort());
    try {
      const request = {
        ...this.options,
        generation: round.generation,
        offset: step === plan.committedStep ? offset : 0,
        step,
      };
      const chunks = dataPlane.fetchState(donor, request, over.signal);
      for await (const chunk of chunks) {
        image = this.#assembly.accept(chunk);
        this.events?.stateMoved?.('received', chunk.data.byteLength);
        if (round.isAbandoned) break;
      }
    } catch (error) {
      round.fail(donor.memberId, `state: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (image === undefined) throw new RoundAbandoned('the state did not arrive');
    await this.state?.importState(image.step, image.bytes);
    return this.committedStep();
  }

  async #export(step: number): Promise<StateImage> {
    const bytes = await this.state?.exportState();
    if (bytes === undefined) throw new CoordinatorError('this member has no state yet');
    return { step, bytes };
  }
}

function gate(): { readonly open: () => void; readonly opened: Promise<void> } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}
