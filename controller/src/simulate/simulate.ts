import type { QueueState } from '../queueing/index.js';
import { Heap, LiveBacklog } from '../queueing/index.js';
import type { PendingJob, RunningJob } from '../scheduling/index.js';
import { LiveRunningJobs, scheduleSilently } from '../scheduling/index.js';
import type { SimulatedPolicy } from './policies.js';
import type { Outcome } from './outcome.js';
import { summarize } from './outcome.js';
import type { Costs } from './sim-job.js';
import { DEFAULT_COSTS, SimJob } from './sim-job.js';
import { FLAVOR, SimulatedPool } from './simulated-pool.js';
import type { TraceJob } from './trace.js';

export interface SimulationOptions {
  readonly nodes: number;
  readonly gpusPerNode: number;
  /** Smallest part of its GPUs that an elastic job may run with. Default 0.5. */
  readonly elasticity?: number | undefined;
  /** Shortest time between two cycles, in seconds. Default 0: a cycle after every event. */
  readonly cycleSeconds?: number | undefined;
  readonly costs?: Partial<Costs> | undefined;
}

type Event =
  | { readonly at: number; readonly order: number; readonly kind: 'submit'; readonly job: SimJob }
  | {
      readonly at: number;
      readonly order: number;
      readonly kind: 'end' | 'released';
      readonly job: SimJob;
      readonly version: number;
    };

/** Runs the scheduler's own cycle over a trace with a simulated clock. The same input always gives the same result. */
export function simulate(
  trace: readonly TraceJob[],
  policy: SimulatedPolicy,
  options: SimulationOptions,
): Outcome {
  return new Simulation(trace, policy, options).run();
}

class Simulation {
  readonly #jobs: readonly SimJob[];
  readonly #byKey: ReadonlyMap<string, SimJob>;
  readonly #pool: SimulatedPool;
  readonly #queues: ReadonlyMap<string, QueueState>;
  readonly #events = new Heap<Event>((a, b) => a.at < b.at || (a.at === b.at && a.order < b.order));
  readonly #backlog = new LiveBacklog<PendingJob>();
  readonly #waiting = new Map<string, PendingJob>();
  readonly #running = new Map<string, SimJob>();
  /** What the scheduler sees of them. */
  readonly #observed = new LiveRunningJobs();
  readonly #period: number;
  #order = 0;
  #cycles = 0;
  #busyGpuMs = 0;
  /** GPUs idle while a job waited, times ms. */
  #idleWhileWaitedMs = 0;

  constructor(
    trace: readonly TraceJob[],
    private readonly policy: SimulatedPolicy,
    options: SimulationOptions,
  ) {
    const { nodes, gpusPerNode, elasticity = 0.5, cycleSeconds = 0, costs } = options;
    this.#period = cycleSeconds * 1000;
    this.#pool = new SimulatedPool(nodes, gpusPerNode);
    const usable = trace.filter(({ gpus }) => gpus <= this.#pool.total);
    const oneQueue = policy.queues === 'one';
    this.#queues = oneQueue ? oneLine(this.#pool.total) : sharesOf(usable, this.#pool.total);
    this.#jobs = usable.map(
      (job) =>
        new SimJob(job, oneQueue ? 'all' : job.tenant, policy.isElastic ? elasticity : 1, {
          ...DEFAULT_COSTS,
          ...costs,
        }),
    );
    this.#byKey = new Map(this.#jobs.map((job) => [job.trace.id, job]));
    for (const job of this.#jobs)
      this.#events.push({ at: job.trace.submittedAt, order: this.#order++, kind: 'submit', job });
  }

  run(): Outcome {
    let last = this.#events.peek()?.at ?? 0;
    for (let next = this.#events.peek(); next !== undefined; next = this.#events.peek()) {
      // Whatever happens until the next cycle is decided about together, at its time.
      const now = this.#period === 0 ? next.at : Math.ceil(next.at / this.#period) * this.#period;
      let isChanged = false;
      for (let event = next; event !== undefined && event.at <= now;) {
        this.#events.pop();
        this.#account(event.at - last);
        last = event.at;
        if (this.#happen(event)) isChanged = true;
        const following = this.#events.peek();
        if (following === undefined) break;
        event = following;
      }
      this.#account(now - last);
      last = now;
      // A cycle that was cut off, or that made room at once, is followed by another.
      while (isChanged && this.#waiting.size + this.#running.size > 0) isChanged = this.#cycle(now);
    }
    return summarize({
      policy: this.policy.name,
      jobs: this.#jobs,
      gpus: this.#pool.total,
      cycles: this.#cycles,
      busyGpuSeconds: this.#busyGpuMs / 1000,
      idleWhileWaitedGpuSeconds: this.#idleWhileWaitedMs / 1000,
    });
  }

  #account(ms: number): void {
    this.#busyGpuMs += this.#pool.taken * ms;
    if (this.#waiting.size > 0) this.#idleWhileWaitedMs += (this.#pool.total - this.#pool.taken) * ms;
  }

  /** @returns whether it changes what can be decided */
  #happen(event: Event): boolean {
    const { job } = event;
    if (event.kind === 'submit') {
      this.#enqueue(job);
      return true;
    }
    const { running } = job;
    if (event.version !== job.version || running === undefined) return false;
    this.#pool.take(running.nodes, -running.gpusPerWorker);
    this.#running.delete(job.trace.id);
    this.#observed.delete(job.trace.id);
    job.stop();
    if (event.kind === 'end') job.end = event.at;
    else this.#enqueue(job);
    return true;
  }

  #enqueue(job: SimJob): void {
    const pending = job.pending();
    this.#waiting.set(pending.key, pending);
    this.#backlog.add(pending);
  }

  #cycle(now: number): boolean {
    this.#cycles++;
    for (const job of this.#running.values()) this.#observed.set(job.observed(now));
    const plan = scheduleSilently(
      {
        now,
        pool: this.#pool.view,
        queues: this.#queues,
        namespaces: NO_NAMESPACES,
        pending: this.#backlog.view,
        running: this.#observed,
      },
      this.policy.scheduling,
    );
    for (const { key, flavor, resource, nodes } of plan.admissions) {
      const pending = this.#waiting.get(key) as PendingJob;
      this.#backlog.remove(pending);
      this.#waiting.delete(key);
      const job = this.#byKey.get(key) as SimJob;
      job.start(flavor, resource, nodes, now);
      this.#pool.take(nodes, pending.gpusPerWorker);
      this.#running.set(key, job);
      this.#awaitEnd(job);
    }
    let isRoomMade = false;
    for (const { key, nodes } of plan.resizes) {
      const job = this.#byKey.get(key) as SimJob;
      const before = job.running as RunningJob;
      if (nodes.length < before.nodes.length) isRoomMade = true;
      this.#pool.take(before.nodes, -before.gpusPerWorker);
      this.#pool.take(nodes, before.gpusPerWorker);
      job.resize(nodes, now);
      this.#awaitEnd(job);
    }
    for (const { key } of plan.evictions) {
      const job = this.#byKey.get(key) as SimJob;
      const at = job.evict(now, this.policy.scheduling.releaseMs);
      this.#events.push({ at, order: this.#order++, kind: 'released', job, version: job.version });
    }
    return plan.isPartial || isRoomMade;
  }

  #awaitEnd(job: SimJob): void {
    const at = Math.max(0, Math.ceil(job.running?.estimatedEnd ?? 0));
    this.#events.push({ at, order: this.#order++, kind: 'end', job, version: job.version });
  }
}

const NO_NAMESPACES: ReadonlyMap<string, Readonly<Record<string, string>>> = new Map();

const oneLine = (gpus: number): ReadonlyMap<string, QueueState> =>
  new Map([
    [
      'all',
      { name: 'all', weight: 1, stopPolicy: 'none', quotas: [{ flavor: FLAVOR, nominal: gpus }] } as const,
    ],
  ]);

/** One queue for each tenant in one cohort, with the part of the pool that its jobs are of all work. */
function sharesOf(trace: readonly TraceJob[], gpus: number): ReadonlyMap<string, QueueState> {
  const work = new Map<string, number>();
  let all = 0;
  for (const { tenant, seconds, gpus: each } of trace) {
    work.set(tenant, (work.get(tenant) ?? 0) + seconds * each);
    all += seconds * each;
  }
  const exact = [...work].map(([tenant, own]) => ({ tenant, share: (own / all) * gpus }));
  // Largest remainders get what rounding down leaves.
  let left = gpus - exact.reduce((sum, { share }) => sum + Math.floor(share), 0);
  const byRemainder = [...exact].sort(
    (a, b) => (b.share % 1) - (a.share % 1) || (a.tenant < b.tenant ? -1 : 1),
  );
  return new Map(
    byRemainder.map(({ tenant, share }) => {
      const nominal = Math.floor(share) + (left-- > 0 ? 1 : 0);
      const quotas = [{ flavor: FLAVOR, nominal }];
      return [tenant, { name: tenant, cohort: 'pool', weight: 1, stopPolicy: 'none', quotas } as const];
    }),
  );
}
