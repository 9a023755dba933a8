import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { REPOSITORY, readYaml, type Cluster } from './cluster.js';

export interface ExampleJob {
  readonly namespace: string;
  readonly name: string;
  readonly queueName: string;
  /** Folder that the adapter is written to. */
  readonly outputFolder: string;
}

/** The folder that the example's manifests mount on a node; here it is one in this repository. */
const MOUNT = '/mnt/tuneyard';

/** Applies the queue and the job of the example, with the mounted folder replaced by one of this machine. */
export async function applyExample(cluster: Cluster): Promise<ExampleJob> {
  const examples = join(REPOSITORY, 'deploy/examples');
  const example = join(examples, 'support-desk');
  const mount = join(REPOSITORY, '.cache/quickstart');
  mkdirSync(join(mount, 'output'), { recursive: true });
  rmSync(join(mount, 'examples'), { force: true });
  symlinkSync(examples, join(mount, 'examples'));
  const localPaths = (text: string): string => text.replaceAll(MOUNT, mount);
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
    outputFolder: fileURLToPath(job.spec.output.uri),
  };
}
