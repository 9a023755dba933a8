import type { FineTuneJobStatus } from '@tuneyard/controller/api';
import type { KubeObject } from '@tuneyard/controller/kube';
import { ApiProxy, type Exchange } from './api-proxy.js';
import { Stage } from './stage.js';
import type { Ending } from './story.js';

/** A write of the controller, and whether the server still takes it when the controller dies there. */
export interface CrashPoint {
  readonly write: string;
  readonly when: 'before' | 'after';
}

export interface Outcome {
  readonly endings: Readonly<Record<string, Ending>>;
  readonly violations: readonly string[];
  /** Whether a controller died at the point; the order of writes is not the same in every run. */
  readonly isReached: boolean;
}

/** What a write does, in words; undefined for events, on which nothing depends. */
export function nameOf({ method, path, body }: Exchange): string | undefined {
  if (method === 'GET' || path.includes('/events')) return undefined;
  const [name = '', subresource] =
    path.split(/\/(?:finetunejobs|gpuqueues|pods|secrets)\/?/)[1]?.split('/') ?? [];
  const made = (body as KubeObject | undefined)?.metadata?.name ?? name;
  if (path.includes('/finetunejobs/') && subresource === 'status')
    return `${name} becomes ${stateOf((body as { readonly status: FineTuneJobStatus }).status)}`;
  if (path.includes('/gpuqueues/')) return `the queue's use is written`;
  if (path.includes('/secrets')) return `the secret ${made} is written`;
  if (path.includes('/pods')) return `the pod ${made} is ${method === 'DELETE' ? 'deleted' : 'made'}`;
  return `${method} ${path}`;
}

function stateOf({ phase, placement, attempt = 0, queue, progress }: FineTuneJobStatus): string {
  const size = placement === undefined ? '' : ` on ${placement.nodes.length}`;
  const why = queue === undefined ? '' : ` (${queue.reason})`;
  return `${phase}${size}${why}${progress === undefined ? '' : ', with progress'}, attempt ${attempt}`;
}

/** The writes of a run that nobody disturbs, in their order, each once, and how it ends. */
export async function undisturbed(
  redisUrl: string,
): Promise<Outcome & { readonly writes: readonly string[] }> {
  const stage = await Stage.open(redisUrl);
  const proxy = await ApiProxy.start(stage.cluster);
  const writes = new Set<string>();
  proxy.onWritten = (exchange) => {
    const name = nameOf(exchange);
    if (name !== undefined) writes.add(name);
  };
  try {
    const controller = await stage.startController(proxy);
    const endings = await stage.tell();
    await controller.close();
    return { endings, violations: stage.watcher.violations, isReached: false, writes: [...writes] };
  } finally {
    await proxy.close();
    await stage.close();
  }
}

/** A run in which the controller dies at the point, and another one goes on. */
export async function runWithCrash(redisUrl: string, { write, when }: CrashPoint): Promise<Outcome> {
  const stage = await Stage.open(redisUrl);
  const first = await ApiProxy.start(stage.cluster);
  const second = await ApiProxy.start(stage.cluster);
  let isOver = () => {};
  const death = new Promise<void>((resolve) => (isOver = resolve));
  let isDoomed = false;
  first.treat = (exchange) => {
    if (isDoomed) return { kind: 'drop' };
    if (nameOf(exchange) !== write) return { kind: 'pass' };
    isDoomed = true;
    const die = () => {
      first.kill();
      isOver();
    };
    if (when === 'after') return { kind: 'lose', onLost: die };
    die();
    return { kind: 'drop' };
  };
  let controller: { close(): Promise<void> } | undefined;
  try {
    const story = stage.tell();
    // It may die before it is up.
    controller = await stage.startController(first).catch((error: unknown) => {
      if (isDoomed) return undefined;
      throw error;
    });
    await Promise.race([death, story]);
    if (isDoomed) {
      await death;
      stage.robots.coordinator = undefined;
      await controller?.close();
      controller = await stage.startController(second);
    }
    const endings = await story;
    return { endings, violations: stage.watcher.violations, isReached: isDoomed };
  } finally {
    await controller?.close();
    await Promise.all([first.close(), second.close()]);
    await stage.close();
  }
}

const ENDED: Ending = { phase: 'Complete', attempt: 0, evictions: 0, restarts: 0 };
/** One made way, once, for a job of higher priority; nothing ever failed. */
const ENDINGS = { low: { ...ENDED, attempt: 1, evictions: 1 }, top: ENDED };

/** What is wrong with an outcome. */
export function judge({ endings, violations }: Pick<Outcome, 'endings' | 'violations'>): string[] {
  const isRight = JSON.stringify(endings) === JSON.stringify(ENDINGS);
  return [...new Set(violations), ...(isRight ? [] : [`it ended as ${JSON.stringify(endings)}`])];
}

export interface Verdict extends CrashPoint {
  readonly isReached: boolean;
  readonly faults: readonly string[];
  readonly seconds: number;
}

/** {@link runWithCrash}, judged; a story that does not go on is a fault like another. */
export async function tryPoint(redisUrl: string, point: CrashPoint): Promise<Verdict> {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  try {
    const outcome = await runWithCrash(redisUrl, point);
    return { ...point, isReached: outcome.isReached, faults: judge(outcome), seconds: seconds() };
  } catch (error) {
    return { ...point, isReached: true, faults: [String(error)], seconds: seconds() };
  }
}
