import type { CycleState } from './cycle-state.js';
import { gpuSecondsOf } from './estimates.js';
import { shapeOf } from './shape.js';
import type { PendingJob } from './snapshot.js';

/**
 * Shapes for which no GPUs are left, whatever the queue: while a cycle only fills gaps, what does not fit once does not
 * fit again, nor does a job of the shape that would keep the GPUs for longer.
 */
export class NoRoom {
  /** By flavors and shape, the fewest GPU-seconds of a job that did not fit. */
  readonly #gpuSeconds = new Map<string, Map<string, number>>();
  readonly #flavors = new Map<string, string>();

  constructor(private readonly state: CycleState) {}

  add(job: PendingJob): void {
    const flavors = this.#flavorsOf(job);
    let shapes = this.#gpuSeconds.get(flavors);
    if (shapes === undefined) this.#gpuSeconds.set(flavors, (shapes = new Map()));
    const shape = shapeOf(job);
    shapes.set(shape, Math.min(shapes.get(shape) ?? Number.POSITIVE_INFINITY, gpuSecondsOf(job)));
  }

  has(job: PendingJob): boolean {
    const known = this.#gpuSeconds.get(this.#flavorsOf(job))?.get(shapeOf(job));
    return known !== undefined && gpuSecondsOf(job) >= known;
  }

  /** The flavors that the job may use; its shape names them only if the job itself does. */
  #flavorsOf({ flavors, queueName }: PendingJob): string {
    if (flavors !== undefined) return '';
    let names = this.#flavors.get(queueName);
    if (names === undefined) {
      names = (this.state.snapshot.queues.get(queueName)?.quotas ?? []).map(({ flavor }) => flavor).join();
      this.#flavors.set(queueName, names);
    }
    return names;
  }
}
