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
    // A shape names the flavors only if the job itself does.
    const shapes = this.#shapesOf(job.flavors === undefined ? this.#flavorsOf(job.queueName) : '');
    const shape = shapeOf(job);
    shapes.set(shape, Math.min(shapes.get(shape) ?? Number.POSITIVE_INFINITY, gpuSecondsOf(job)));
  }

  /** For jobs of one queue, with their shapes: whether it is known that there is no room for them. */
  inQueue(queue: string): (job: PendingJob, shape: string) => boolean {
    const [named, unnamed] = [this.#shapesOf(''), this.#shapesOf(this.#flavorsOf(queue))];
    return (job, shape) => {
      const known = (job.flavors === undefined ? unnamed : named).get(shape);
      return known !== undefined && gpuSecondsOf(job) >= known;
    };
  }

  #shapesOf(flavors: string): Map<string, number> {
    let shapes = this.#gpuSeconds.get(flavors);
    if (shapes === undefined) this.#gpuSeconds.set(flavors, (shapes = new Map()));
    return shapes;
  }

  #flavorsOf(queue: string): string {
    let names = this.#flavors.get(queue);
    if (names === undefined) {
      names = (this.state.snapshot.queues.get(queue)?.quotas ?? []).map(({ flavor }) => flavor).join();
      this.#flavors.set(queue, names);
    }
    return names;
  }
}
