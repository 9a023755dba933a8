import { randomOf } from '../../chaos/random.js';
import { ApiProxy, type Exchange, type Treatment } from './api-proxy.js';
import { Stage } from './stage.js';
import type { Outcome } from './crash.js';

/** How often each trouble comes, as a share of the requests that it can hit. */
const SHARES = { write: 0.25, read: 0.1, watch: 0.5 };

/** Of a watch, until it breaks; a job has five thousand, and what brings no event is tried again ever later. */
const MOST_BYTES = 20_000;
const MOST_DELAY_MS = 300;
/** What is not answered in so long, the controller asks again. */
const TIMEOUT_MS = 1000;

/** What became of requests, by kind of trouble. */
export type Troubles = Readonly<Record<string, number>>;

/** Decides by a seed what becomes of the next request; the order in which requests come is that of the run. */
export function disturber(seed: number, count: (trouble: string) => void): (exchange: Exchange) => Treatment {
  const random = randomOf(seed);
  const oneOf = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)] as T;
  return ({ method, isWatch }) => {
    const share = isWatch ? SHARES.watch : method === 'GET' ? SHARES.read : SHARES.write;
    if (random() >= share) return { kind: 'pass' };
    const treatment = isWatch ? watchTrouble() : requestTrouble(method !== 'GET');
    count(treatment.kind === 'refuse' ? `answered with ${treatment.status}` : WORDS[treatment.kind]);
    return treatment;
  };

  function watchTrouble(): Treatment {
    const { kind } = oneOf([
      { kind: 'cut' },
      { kind: 'cut' },
      { kind: 'expire' },
      { kind: 'refuse' },
      { kind: 'drop' },
    ] as const);
    // Long enough for some events, and most often in the middle of one.
    if (kind === 'cut') return { kind, afterBytes: 1 + Math.floor(random() * MOST_BYTES) };
    if (kind === 'refuse') return { kind, status: oneOf([410, 429, 500, 503]), retryAfterSeconds: 0 };
    return { kind };
  }

  function requestTrouble(isWrite: boolean): Treatment {
    const kind = oneOf(KINDS);
    // A conflict is an answer to a write.
    const statuses = isWrite ? [409, 429, 500, 503] : [429, 500, 503];
    if (kind === 'refuse') return { kind, status: oneOf(statuses), retryAfterSeconds: 0 };
    if (kind === 'delay') return { kind, until: pause(random() * MOST_DELAY_MS) };
    return { kind };
  }
}

const KINDS = ['refuse', 'refuse', 'refuse', 'drop', 'lose', 'delay', 'silence', 'withhold'] as const;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const WORDS = {
  pass: 'passed on',
  drop: 'not delivered',
  lose: 'done, but the answer lost',
  silence: 'never answered',
  withhold: 'done, but never answered',
  cut: 'watches cut in the middle',
  expire: 'watches told that their history is gone',
  delay: 'late',
} as const;

/** The story under trouble from its beginning to its end. */
export async function runDisturbed(
  redisUrl: string,
  seed: number,
): Promise<Omit<Outcome, 'isReached'> & { readonly troubles: Troubles }> {
  const stage = await Stage.open(redisUrl);
  const proxy = await ApiProxy.start(stage.cluster);
  const troubles: Record<string, number> = {};
  let controller: { close(): Promise<void> } | undefined;
  try {
    const story = stage.tell();
    const disturb = disturber(seed, (trouble) => (troubles[trouble] = (troubles[trouble] ?? 0) + 1));
    // A controller that cannot ask for the definitions at its start says so and ends; its watches are fair game.
    proxy.treat = (exchange) => (exchange.isWatch ? disturb(exchange) : { kind: 'pass' });
    controller = await stage.startController(proxy, { kubeApiTimeoutMs: TIMEOUT_MS });
    proxy.treat = disturb;
    const endings = await story;
    return { endings, violations: stage.watcher.violations, troubles };
  } finally {
    proxy.treat = () => ({ kind: 'pass' });
    await controller?.close();
    await proxy.close();
    await stage.close();
  }
}
