import type { QueueState } from '../queueing/index.js';
import { beyondNominal } from '../queueing/index.js';
import type { Usage } from './running-jobs.js';
import type { Snapshot } from './snapshot.js';

/** GPUs of a flavor that a queue holds. */
export interface FlavorUse {
  /** Of its jobs' placements, and of pods that no placement counts any more. */
  readonly used: number;
  /** Of these, GPUs of pods that are ending. */
  readonly ending: number;
}

/** What each queue holds, by flavor. */
export type QueueUse = ReadonlyMap<string, ReadonlyMap<string, FlavorUse>>;

/** What a queue holds of a flavor, against its quota. */
export interface QuotaUse extends FlavorUse {
  readonly flavor: string;
  readonly nominal: number;
  /** Of `used`, GPUs beyond `nominal`. */
  readonly borrowed: number;
}

type Holders = Pick<Snapshot, 'running' | 'leftover'>;

/** All that counts as use of quota, for admission and for every figure that is shown. */
export function* usageOf({ running, leftover = [] }: Holders): Iterable<Usage> {
  yield* running.usage();
  yield* leftover;
}

/** The sum of {@link usageOf}. */
export function useByQueue(holders: Holders): QueueUse {
  const use = new Map<string, Map<string, FlavorUse>>();
  for (const { queue, flavor, gpus, isLeaving = false } of usageOf(holders)) {
    let flavors = use.get(queue);
    if (flavors === undefined) use.set(queue, (flavors = new Map()));
    const { used = 0, ending = 0 } = flavors.get(flavor) ?? {};
    flavors.set(flavor, { used: used + gpus, ending: ending + (isLeaving ? gpus : 0) });
  }
  return use;
}

/**
 * Every flavor that the queue has quota for, in its order, and then those that it holds without: of a quota that was
 * taken away, jobs that run hold GPUs until they end.
 */
export function quotaUses({ name, quotas }: Pick<QueueState, 'name' | 'quotas'>, use: QueueUse): QuotaUse[] {
  const held = use.get(name) ?? NOTHING;
  const granted = new Set(quotas.map(({ flavor }) => flavor));
  const others = [...held.keys()].filter((flavor) => !granted.has(flavor)).sort();
  return [...quotas, ...others.map((flavor) => ({ flavor, nominal: 0 }))].map(({ flavor, nominal }) => {
    const { used = 0, ending = 0 } = held.get(flavor) ?? {};
    return { flavor, nominal, used, ending, borrowed: beyondNominal(used, nominal) };
  });
}

const NOTHING: ReadonlyMap<string, FlavorUse> = new Map();
