import { writeSync } from 'node:fs';

import {
  decodeFrame,
  encodeFrame,
  FrameKind,
  type DataPlane,
  type EncodedFrame,
  type FrameSink,
  type PeerAddress,
  type PeerHandlers,
} from '@tuneyard/trainer/collective';

import { FaultProxy } from './fault-proxy.js';
import { traitsOf, type FaultPlan, type Phase, type Struck } from './faults.js';
import { randomOf } from './random.js';

/** More peers than a test has. */
const OUTWARD_PROXIES = 12;

/** By the kind of the frame, byte 8 of its header; the step is the word at byte 16 (wire-format.ts). */
const PHASE_OF_FRAME = new Map<number, Phase>([
  [FrameKind.partial, 'reduce-scatter'],
  [FrameKind.result, 'all-gather'],
]);

/** Where the process stands, as its group says. */
export interface Standing {
  readonly rank: number;
  readonly generation: number;
}

/** Hurts its own process when that comes to the place that the plan names, once. */
export class Saboteur {
  readonly #random: () => number;
  readonly #inward: FaultProxy[] = [];
  #outward: FaultProxy[] = [];
  #toCoordinator: FaultProxy | undefined;
  readonly #ways = new Map<string, FaultProxy>();
  #isStruck = false;
  /** The generation in which this process committed its last step. */
  committedIn = 0;

  constructor(
    private readonly plan: FaultPlan | undefined,
    private readonly standing: () => Standing,
  ) {
    this.#random = randomOf(plan?.seed ?? 0);
  }

  get #hurtsLinks(): boolean {
    return this.plan !== undefined && traitsOf(this.plan.fault).link !== undefined;
  }

  /** What to dial in place of the coordinator. */
  async coordinatorAddress(address: string): Promise<string> {
    if (!this.#hurtsLinks) return address;
    this.#toCoordinator = await FaultProxy.open(address, this.#random);
    return this.#toCoordinator.address;
  }

  /** What peers dial in place of an address of this process. */
  async advertise(address: string): Promise<string> {
    if (!this.#hurtsLinks) return address;
    const proxy = await FaultProxy.open(address, this.#random);
    this.#inward.push(proxy);
    return proxy.address;
  }

  /** The process is in that phase (of that step) now; does what is due. */
  reached(phase: Phase, step?: number): void {
    if (this.isDue(phase, step)) this.strike(phase);
  }

  /** The same some moments later. */
  soon(phase: Phase, step?: number): void {
    if (this.isDue(phase, step)) setTimeout(() => this.reached(phase, step), 3 * this.#random());
  }

  /** Frames leave and state is given under its eyes. */
  watchServing(handlers: PeerHandlers): PeerHandlers {
    return {
      onPull: (request, sink) => handlers.onPull(request, this.#watchSink(sink)),
      onFetchState: (request) => this.#watchState(handlers.onFetchState(request), 'donation'),
    };
  }

  /** State is taken under its eyes, and peers are dialled through links of its own. */
  async watchTaking(plane: DataPlane): Promise<DataPlane> {
    if (this.#hurtsLinks)
      this.#outward = await Promise.all(
        Array.from({ length: 2 * OUTWARD_PROXIES }, () => FaultProxy.open('', this.#random)),
      );
    const by = (peer: PeerAddress): PeerAddress => ({
      ...peer,
      address: this.#way(peer.address),
      bulkAddress: this.#way(peer.bulkAddress),
    });
    return {
      address: plane.address,
      bulkAddress: plane.bulkAddress,
      pull: (peer, request, listener) => plane.pull(by(peer), request, listener),
      fetchState: (peer, request, signal) =>
        this.#watchState(plane.fetchState(by(peer), request, signal), 'state transfer'),
      keepOnly: (peers) => plane.keepOnly(peers.map(by)),
      close: () => plane.close(),
    };
  }

  async close(): Promise<void> {
    for (const proxy of this.#proxies()) await proxy.close();
  }

  isDue(phase: Phase, step?: number): boolean {
    if (this.plan?.phase !== phase || this.#isStruck) return false;
    const { at } = this.plan;
    if (at === undefined) return true;
    const { rank, generation } = this.standing();
    if (rank !== at.rank) return false;
    // A donor is hit when the first newcomer asks it. What regroups because of the fault is not hit again.
    if (phase === 'donation') return generation === this.committedIn + 1;
    return generation === this.committedIn && step === at.step;
  }

  strike(phase: Phase): void {
    const fault = this.plan?.fault;
    if (fault === undefined || this.#isStruck) return;
    this.#isStruck = true;
    const told: Struck = { struck: phase, at: Date.now(), generation: this.standing().generation };
    // At once: the process may not get to anything else.
    writeSync(2, `${JSON.stringify(told)}\n`);
    const { link, sparesCoordinator, endsAfterMs } = traitsOf(fault);
    if (link !== undefined) {
      const hurt = this.#proxies().filter((proxy) => !sparesCoordinator || proxy !== this.#toCoordinator);
      for (const proxy of hurt) proxy.inject(link);
      if (endsAfterMs !== undefined)
        setTimeout(() => hurt.forEach((proxy) => proxy.heal()), endsAfterMs).unref();
    } else if (fault === 'kill' || fault === 'two kills' || fault === 'kill and kill of the coordinator')
      process.kill(process.pid, 'SIGKILL');
    else if (fault.startsWith('freeze')) process.kill(process.pid, 'SIGSTOP');
  }

  #proxies(): FaultProxy[] {
    return [
      ...this.#inward,
      ...this.#outward,
      ...(this.#toCoordinator === undefined ? [] : [this.#toCoordinator]),
    ];
  }

  /** The address of a proxy that leads to `address`, always the same. */
  #way(address: string): string {
    if (!this.#hurtsLinks || address === '') return address;
    const known = this.#ways.get(address) ?? this.#outward[this.#ways.size];
    if (known === undefined) throw new Error(`more than ${OUTWARD_PROXIES} peers`);
    known.target = address;
    this.#ways.set(address, known);
    return known.address;
  }

  async *#watchState<Piece>(chunks: AsyncIterable<Piece>, phase: Phase): AsyncIterable<Piece> {
    let number = 0;
    for await (const chunk of chunks) {
      // In the midst of it.
      if (number === 2) this.reached(phase);
      number += 1;
      yield chunk;
    }
  }

  #watchSink(sink: FrameSink): FrameSink {
    return {
      write: (frame) => {
        const phase = PHASE_OF_FRAME.get(frame.header[8] ?? 0);
        const isDue = phase !== undefined && this.isDue(phase, frame.header.readUInt32LE(16));
        if (!isDue) return sink.write(frame);
        this.strike(phase);
        return this.#tamper(sink, frame);
      },
      batch: (writes) => sink.batch(writes),
      onDrain: (listener) => sink.onDrain(listener),
      onClose: (listener) => sink.onClose(listener),
      end: () => sink.end(),
      refuse: (code) => sink.refuse(code),
    };
  }

  #tamper(sink: FrameSink, frame: EncodedFrame): boolean {
    const { header, body } = frame;
    const middle = body.byteLength >> 1;
    switch (this.plan?.fault) {
      case 'corrupt frame': {
        const damaged = Uint8Array.from(body);
        damaged[middle] = (damaged[middle] ?? 0) ^ 0x10;
        return sink.write({ ...frame, body: damaged });
      }
      case 'truncated frame':
        sink.write({ ...frame, body: body.subarray(0, middle) });
        sink.end();
        return true;
      case 'stale frame': {
        const { generation, ...rest } = decodeFrame(Buffer.concat([header, body]));
        return sink.write(encodeFrame({ ...rest, generation: generation - 1 }, body));
      }
      case 'duplicate frame':
        sink.write(frame);
        return sink.write(frame);
      default:
        return sink.write(frame);
    }
  }
}
