import {
  FINE_TUNE_JOB_KIND,
  JOB_RESOURCE,
  QUEUE_RESOURCE,
  type FineTuneJob,
  type GpuQueue,
} from '../api/index.js';
import { UserError } from '../errors.js';
import { withCluster, type Cluster, type ClusterOptions } from './cluster.js';
import { formatObjects, type ChangeFormat } from './output.js';
import { readManifests } from './read-manifests.js';

export interface SubmitOptions extends ClusterOptions {
  readonly output: ChangeFormat;
}

const FIELD_MANAGER = 'tuneyard-cli';

/** Checks the files, all of them before the first is sent, and applies them. */
export function submit(files: readonly string[], { output, ...options }: SubmitOptions): Promise<void> {
  const manifests = readManifests(files);
  const problems = manifests.flatMap(({ place, kind, name, isForeign, problems: found }) =>
    isForeign ? [`${place}${kind} ${name ?? ''} is none of Tuneyard's: apply it with kubectl`] : found,
  );
  if (problems.length > 0) throw new UserError(problems.join('\n'));
  const objects = manifests.flatMap(({ object }) => object ?? []);
  return withCluster(options, async (cluster) => {
    const applied = [];
    for (const object of objects) {
      const now = await apply(cluster, object);
      applied.push(now);
      const { name, namespace } = now.metadata;
      if (output === 'text')
        console.log(`${object.kind} ${namespace === undefined ? '' : `${namespace}/`}${name} applied`);
    }
    if (output === 'text') return;
    const single = applied.length === 1;
    process.stdout.write(formatObjects(applied, { format: output, kind: FINE_TUNE_JOB_KIND, single }));
  });
}

function apply(cluster: Cluster, object: FineTuneJob | GpuQueue): Promise<FineTuneJob | GpuQueue> {
  const isJob = object.kind === FINE_TUNE_JOB_KIND;
  const namespace = isJob ? (object.metadata.namespace ?? cluster.namespace) : undefined;
  const metadata = { ...object.metadata, namespace };
  return cluster.client.apply<FineTuneJob | GpuQueue>(
    isJob ? JOB_RESOURCE : QUEUE_RESOURCE,
    { ...object, metadata },
    { fieldManager: FIELD_MANAGER },
  );
}
