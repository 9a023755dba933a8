import type { LinkFault } from './fault-proxy.js';

/** Where a worker is when it is hit. */
export const PHASES = [
  'data',
  'forward',
  'backward',
  'reduce-scatter',
  'all-gather',
  'update',
  'checkpoint',
  /** It takes a state from a peer. */
  'state transfer',
  /** It hands its state to a newcomer. */
  'donation',
  /** It enters its first generation while the others train. */
  'join',
] as const;
export type Phase = (typeof PHASES)[number];

export type FrameFault = 'corrupt frame' | 'truncated frame' | 'stale frame' | 'duplicate frame';

export interface FaultTraits {
  /** The worker does not come back, or for so long that the others go on without it, or a link has to be made anew. */
  readonly takesAway: boolean;
  /** The links of the worker do this. */
  readonly link?: LinkFault;
  /** Of the links to peers alone. */
  readonly sparesCoordinator?: true;
  /** After so many milliseconds it is over. */
  readonly endsAfterMs?: number;
  /** Phases in which it can be; default all. */
  readonly phases?: readonly Phase[];
}

const FRAMES = { takesAway: true, phases: ['reduce-scatter', 'all-gather'] } as const;

/** What can happen to a job, by name. The heartbeat timeout is 5 seconds. */
export const FAULTS = {
  kill: { takesAway: true },
  'two kills': { takesAway: true },
  /** Too short for anybody to ask. */
  'freeze 0.4 s': { takesAway: false, endsAfterMs: 400 },
  'freeze 2.5 s': { takesAway: true, endsAfterMs: 2500 },
  'freeze 7 s': { takesAway: true, endsAfterMs: 7000 },
  reset: { takesAway: true, link: 'reset' },
  'half-open': { takesAway: true, link: 'half-open', sparesCoordinator: true },
  'delay 200 ms': { takesAway: false, link: 'delay', endsAfterMs: 3000 },
  'loss 5 %': { takesAway: false, link: 'loss', endsAfterMs: 3000 },
  'slow reader': { takesAway: false, link: 'slow', sparesCoordinator: true, endsAfterMs: 3000 },
  partition: { takesAway: true, link: 'partition', endsAfterMs: 8000 },
  'corrupt frame': FRAMES,
  'truncated frame': FRAMES,
  'stale frame': FRAMES,
  'duplicate frame': FRAMES,
  'kill of the coordinator': { takesAway: false },
  'kill and kill of the coordinator': { takesAway: true },
  'kill of everybody': { takesAway: false },
} satisfies Record<string, FaultTraits>;
export type FaultName = keyof typeof FAULTS;
export const traitsOf = (fault: FaultName): FaultTraits => FAULTS[fault];

/** One fault at one place of a job. */
export interface FaultCase {
  readonly fault: FaultName;
  readonly phase: Phase;
}

/** Every fault in every phase in which it can be. */
export const ALL_CASES: readonly FaultCase[] = Object.keys(FAULTS).flatMap((name) => {
  // eslint-disable-next-line typescript/no-unsafe-type-assertion
  const fault = name as FaultName;
  return (traitsOf(fault).phases ?? PHASES).map((phase) => ({ fault, phase }));
});

/** What a trainer does to itself when it comes to that place. */
export interface FaultPlan extends FaultCase {
  readonly seed: number;
  /** In this step, when it has this rank; absent: a newcomer, the first time. */
  readonly at?: { readonly step: number; readonly rank: number };
}

/** How a trainer says that the fault has hit, as one line of JSON. */
export interface Struck {
  readonly struck: Phase;
  readonly at: number;
  readonly generation: number;
}
