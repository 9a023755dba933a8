import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { WorkQueue, WorkQueueObserver } from '../kube/index.js';

/** 1 ms to about 16 s. */
export const FAST_SECONDS = [
  0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1, 2, 4, 8, 16,
];

const NAME = ['name'] as const;

/** The metrics of work queues, named as client-go names them. */
export class WorkQueueMetrics {
  readonly #queues = new Map<string, () => WorkQueue>();
  readonly #depth: Gauge<'name'>;
  readonly #adds: Counter<'name'>;
  readonly #queueSeconds: Histogram<'name'>;
  readonly #workSeconds: Histogram<'name'>;
  readonly #retries: Counter<'name'>;
  readonly #unfinished: Gauge<'name'>;
  readonly #longest: Gauge<'name'>;

  constructor(registry: Registry) {
    const of = (name: string, help: string) => ({ name, help, labelNames: NAME, registers: [registry] });
    const seconds = (name: string, help: string) => ({ ...of(name, help), buckets: FAST_SECONDS });
    this.#depth = new Gauge(of('workqueue_depth', 'Keys that wait for their turn.'));
    this.#adds = new Counter(of('workqueue_adds_total', 'Keys added.'));
    this.#queueSeconds = new Histogram(
      seconds('workqueue_queue_duration_seconds', 'Seconds that a key waited.'),
    );
    this.#workSeconds = new Histogram(
      seconds('workqueue_work_duration_seconds', 'Seconds of handling a key.'),
    );
    this.#retries = new Counter(of('workqueue_retries_total', 'Keys added again after a failure.'));
    this.#unfinished = new Gauge(
      of('workqueue_unfinished_work_seconds', 'Sum of the seconds for which keys are being handled now.'),
    );
    this.#longest = new Gauge(
      of(
        'workqueue_longest_running_processor_seconds',
        'Seconds of the key that is being handled for the longest.',
      ),
    );
  }

  observe(name: string, queue: () => WorkQueue): WorkQueueObserver {
    this.#queues.set(name, queue);
    return {
      added: () => this.#adds.inc({ name }),
      depthChanged: (depth) => this.#depth.set({ name }, depth),
      taken: (seconds) => this.#queueSeconds.observe({ name }, seconds),
      done: (seconds) => this.#workSeconds.observe({ name }, seconds),
      retried: () => this.#retries.inc({ name }),
    };
  }

  /** Brings what grows by itself up to date. */
  refresh(): void {
    for (const [name, queue] of this.#queues) {
      const { sum, longest } = queue().unfinished;
      this.#unfinished.set({ name }, sum);
      this.#longest.set({ name }, longest);
    }
  }
}
