import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Endings } from './endings.js';
import { endOf } from './estimates.js';
import { LiveRunningJobs, runningJobsOf, type RunningJobs } from './running-jobs.js';
import type { RunningJob } from './snapshot.js';
import { running } from './test-cluster.js';

const NOW = 10_000_000;
const FLAVORS = ['H100', 'A100'];

const job = fc
  .record({
    id: fc.integer({ min: 0, max: 9 }),
    flavor: fc.constantFrom(...FLAVORS),
    queueName: fc.constantFrom('a', 'b'),
    nodes: fc.array(fc.constantFrom('m', 'n'), { minLength: 1, maxLength: 4 }),
    min: fc.integer({ min: 1, max: 3 }),
    max: fc.integer({ min: 1, max: 4 }),
    startedAt: fc.integer({ min: 0, max: NOW }),
    estimatedEnd: fc.option(fc.integer({ min: NOW - 500_000, max: NOW + 2_000_000 }), { nil: undefined }),
    givesBackBy: fc.option(fc.constant(NOW + 5), { nil: undefined, freq: 4 }),
  })
  .map(({ id, nodes, ...more }): RunningJob => running(`j${id}`, nodes, more));
const change = fc.oneof(
  { weight: 3, arbitrary: job.map((set) => ({ set })) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 9 }).map((id) => ({ gone: `j${id}` })) },
);

/** All that a cycle can ask, in an order of its own where there is none. */
function answers(jobs: RunningJobs): object {
  const sorted = (list: Iterable<RunningJob>) => [...list].sort((a, b) => (a.key < b.key ? -1 : 1));
  return {
    all: sorted(jobs),
    size: jobs.size,
    usage: [...jobs.usage()].sort((a, b) => (a.queue + a.flavor < b.queue + b.flavor ? -1 : 1)),
    oversized: sorted(jobs.oversized()),
    growable: [...jobs.growable()]
      .map(([name, list]) => ({ name, jobs: sorted(list) }))
      .filter((group) => group.jobs.length > 0)
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    byQueue: ['a', 'b'].map((queue) => sorted(jobs.ofQueue(queue))),
    byFlavor: FLAVORS.map((flavor) => [
      sorted(jobs.leaving(flavor)),
      sorted(jobs.shrinkable(flavor)),
      jobs.withKnownEnd(flavor),
      jobs.withUnknownEnd(flavor),
    ]),
  };
}

test('after any history the answers are those of a list that is built anew', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (history) => {
      const live = new LiveRunningJobs();
      const now = new Map<string, RunningJob>();
      for (const [index, step] of history.entries()) {
        if ('set' in step) {
          live.set(step.set);
          now.set(step.set.key, step.set);
        } else {
          live.delete(step.gone);
          now.delete(step.gone);
        }
        if (index % 7 === 0) answers(live);
      }
      expect(answers(live)).toEqual(answers(runningJobsOf(now.values())));
    }),
  );
});

test('endings come in the order of their time, those that were told to go left out', () => {
  fc.assert(
    fc.property(fc.uniqueArray(job, { selector: ({ key }) => key, maxLength: 10 }), (jobs) => {
      const endings = new Endings(runningJobsOf(jobs), 'H100', NOW);
      const found: { readonly key: string; readonly end: number }[] = [];
      for (let next = endings.at(0); next !== undefined; next = endings.at(found.length))
        found.push({ key: next.job.key, end: next.end });
      const ends = found.map(({ end }) => end);
      expect(ends).toEqual([...ends].sort((a, b) => a - b));
      const byKey = (list: typeof found) => [...list].sort((a, b) => (a.key < b.key ? -1 : 1));
      const want = jobs.filter(({ flavor, givesBackBy }) => flavor === 'H100' && givesBackBy === undefined);
      expect(byKey(found)).toEqual(byKey(want.map((one) => ({ key: one.key, end: endOf(one, NOW) }))));
    }),
  );
});
