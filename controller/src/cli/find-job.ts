import { JOB_RESOURCE, nearest, type FineTuneJob } from '../api/index.js';
import { UserError } from '../errors.js';
import { isNotFound, type KubeObject, type ListOptions, type Resource } from '../kube/index.js';
import type { Cluster } from './cluster.js';

/** Objects of one answer of the API server. */
const PAGE = 500;

/** The job. @throws UserError that names the namespace and the nearest name when there is none of this name */
export async function findJob(cluster: Cluster, name: string): Promise<FineTuneJob> {
  const { client, namespace } = cluster;
  try {
    return await client.get<FineTuneJob>(JOB_RESOURCE, { name, namespace });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    const names = (await listAll<FineTuneJob>(cluster, JOB_RESOURCE, { namespace })).map(
      ({ metadata }) => metadata.name,
    );
    throw new UserError(`no job ${name} in namespace ${namespace}: ${advice(name, names)}`, { cause: error });
  }
}

/** Every object of a kind, or of a namespace and with a label, read page by page. */
export async function listAll<T extends KubeObject>(
  { client }: Cluster,
  resource: Resource,
  among: Pick<ListOptions, 'namespace' | 'labelSelector'> = {},
): Promise<T[]> {
  const items: T[] = [];
  let next: string | undefined;
  do {
    const page = await client.list<T>(resource, { ...among, limit: PAGE, continue: next });
    items.push(...page.items);
    next = page.metadata.continue;
  } while (next !== undefined && next !== '');
  return items;
}

function advice(name: string, names: readonly string[]): string {
  if (names.length === 0) return 'it has none; name another with -n';
  const guess = nearest(name, names);
  if (guess !== undefined) return `did you mean ${guess}?`;
  const shown = names.slice(0, 5).join(', ');
  return `it has ${shown}${names.length > 5 ? ` and ${names.length - 5} more` : ''}; name another namespace with -n`;
}
