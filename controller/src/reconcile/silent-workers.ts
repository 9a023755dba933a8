import type { JobReason, ResolvedSpec } from '../api/index.js';
import { findCondition } from '../api/index.js';
import type { PodObject } from '../pool/index.js';
import type { JobFacts } from './facts.js';
import type { Gang } from './gang.js';
import { hasBegun } from './obstacles.js';

/** Workers of a controller that starts again come back within this. */
const SILENT_MS = 60_000;
/** A small model and its data are loaded within this. */
const LOADING_MS = 30_000;
const MAX_HOSTS = 4;

/** Why workers are not ready whose pods run, and so tell nothing; undefined while it is too early to say. */
export function whySilent(
  facts: JobFacts,
  gang: Gang,
): { readonly reason: JobReason; readonly message: string } | undefined {
  const { job, training, resolved, now } = facts;
  const running = [...gang.workers.values()].filter(isRunning);
  if (running.length < gang.placement.nodes.length) return undefined;
  const readiness = findCondition(job.status?.conditions, 'WorkersReady');
  const notReadySince = readiness?.status === 'False' ? Date.parse(readiness.lastTransitionTime) : now;
  const since = Math.max(notReadySince, ...running.map(startOf));
  const logs = `tuneyard logs ${job.metadata.name}`;
  const members = training?.members ?? [];
  if (members.length === 0) {
    if (now - since < SILENT_MS) return undefined;
    return {
      reason: 'CoordinatorUnreachable',
      message: `their pods run, but none reports to the coordinator: see in "${logs}" whether they reach it, and whether the controller is still at the address that they were started with; pods that are deleted start again with the present one`,
    };
  }
  if (hasBegun(facts) || now - since < LOADING_MS) return undefined;
  const hosts = resolved === undefined ? [] : hostsOf(resolved);
  const reach = hosts.length === 0 ? '' : `, and whether the pods reach ${hosts.join(', ')}`;
  return {
    reason: 'LoadingInputs',
    message: `they load the model and the data, which takes long only where these are large: see in "${logs}" how far they are${reach}`,
  };
}

const isRunning = ({ metadata, status }: PodObject) =>
  status?.phase === 'Running' && metadata.deletionTimestamp === undefined;

/** When the container of a worker started last; 0 where its pod does not say. */
const startOf = ({ status }: PodObject): number =>
  Math.max(
    0,
    ...(status?.containerStatuses ?? []).map(({ state }) => Date.parse(state?.running?.startedAt ?? '') || 0),
  );

/** Machines that the workers fetch from. */
export function hostsOf({ model, dataset }: Pick<ResolvedSpec, 'model' | 'dataset'>): readonly string[] {
  const hosts = [model.source, ...dataset.sources.map(({ uri }) => uri)].flatMap((address) => {
    if (address.startsWith('hf://')) return ['huggingface.co'];
    if (address.startsWith('s3://')) return [`the store of ${address}`];
    return address.startsWith('https://') ? [address.split('/')[2] ?? address] : [];
  });
  return [...new Set(hosts)].slice(0, MAX_HOSTS);
}
