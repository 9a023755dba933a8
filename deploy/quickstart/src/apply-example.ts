import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { REPOSITORY, readYaml, type Cluster } from './cluster.js';

export interface ExampleJob {
  readonly namespace: string;
  readonly name: string;
  readonly queueName: string;
  /** Folder that the adapter is written to. */
  readonly outputFolder: string;
}

/** Where the example's manifests expect its files and its results on a node. */
const EXAMPLES_MOUNT = '/mnt/tuneyard/examples';
const OUTPUT_MOUNT = '/mnt/tuneyard/output';

/** Applies the queue and the job of the example, with its mounted folders replaced by those of this machine. */
export async function applyExample(cluster: Cluster): Promise<ExampleJob> {
  const example = join(REPOSITORY, 'deploy/examples/support-desk');
  const output = join(REPOSITORY, '.cache/quickstart');
  const localPaths = (text: string): string =>
    text
      .replaceAll(`file://${EXAMPLES_MOUNT}`, pathToFileURL(join(REPOSITORY, 'deploy/examples')).href)
      .replaceAll(`file://${OUTPUT_MOUNT}`, pathToFileURL(output).href);
  await cluster.apply(readYaml(join(example, 'queue.yaml')));
  const job = readYaml(join(example, 'job.yaml'), localPaths) as {
    metadata: { name: string; namespace?: string };
    spec: { queueName: string; output: { uri: string } };
  };
  const namespace = job.metadata.namespace ?? 'default';
  await cluster.apply({ ...job, metadata: { ...job.metadata, namespace } });
  return {
    namespace,
    name: job.metadata.name,
    queueName: job.spec.queueName,
    outputFolder: new URL(job.spec.output.uri).pathname,
  };
}
