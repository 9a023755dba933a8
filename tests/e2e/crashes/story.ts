import type { FineTuneJob } from '@tuneyard/controller/api';
import type { KubeObject } from '@tuneyard/controller/kube';
import { isNotFound } from '@tuneyard/controller/kube';
import type { Cluster } from '../controller/cluster.js';
import { jobObject, until } from '../controller/cluster.js';
import { JOBS, PODS, SECRETS } from '../controller/kinds.js';
import type { RobotNode } from './robot-node.js';
import type { Watcher } from './watcher.js';

/** How the story ends, whatever happened to controllers meanwhile. */
export interface Ending {
  readonly phase: string | undefined;
  readonly attempt: number;
  readonly evictions: number;
  readonly restarts: number;
}

/** Workers that do not hear of the end are ended after half of this. */
const PATIENCE_MS = 60_000;

/**
 * Three jobs on two GPUs, from the first word to the last: one starts with both, shrinks for the next, both write a
 * checkpoint and make way for the third, come back, end, are deleted, and leave nothing.
 */
export async function tellStory(
  cluster: Cluster,
  robots: RobotNode,
  watcher: Watcher,
): Promise<Readonly<Record<string, Ending>>> {
  const { client } = cluster;
  const find = (name: string) =>
    client.get<FineTuneJob>(JOBS, { name, namespace: 'default' }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
  const submit = (name: string, priority: number, workers: object) =>
    client.create(JOBS, jobObject(name, { priority, workers }));
  const trains = (name: string, workers: number) =>
    until(
      `${name} trains with ${workers} workers`,
      async () => {
        const status = (await find(name))?.status;
        const isThere = status?.workers?.desired === workers && status.workers.ready === workers;
        return isThere && status.phase === 'Training';
      },
      PATIENCE_MS,
    );
  const ends = async (name: string): Promise<Ending> => {
    robots.finish(name);
    const { status } = await until(
      `${name} is complete`,
      async () => {
        const found = await find(name);
        return found?.status?.phase === 'Complete' ? found : undefined;
      },
      PATIENCE_MS,
    );
    const { phase, attempt = 0, evictions = 0, restarts = 0 } = status ?? {};
    return { phase, attempt, evictions, restarts };
  };
  const remove = async (name: string) => {
    watcher.expectDeletion(name);
    await client.delete(JOBS, { name, namespace: 'default' });
  };

  await submit('low', 0, { min: 1, max: 2 });
  await trains('low', 2);
  await submit('mid', 5, { min: 1, max: 1 });
  await trains('mid', 1);
  await trains('low', 1);
  await submit('top', 10, { min: 2, max: 2 });
  await trains('top', 2);
  const top = await ends('top');
  await trains('mid', 1);
  await trains('low', 1);
  await remove('mid');
  const low = await ends('low');
  await remove('low');
  await remove('top');
  await until(
    'nothing is left',
    async () => {
      const kinds = [JOBS, PODS, SECRETS];
      const lists = await Promise.all(
        kinds.map((kind) => client.list<KubeObject>(kind, { namespace: 'default' })),
      );
      const left = lists.flatMap(({ items }) => items).map(({ metadata }) => metadata.name);
      // The controller's own.
      return left.every((name) => name === 'tuneyard-authority');
    },
    PATIENCE_MS,
  );
  return { low, top };
}
