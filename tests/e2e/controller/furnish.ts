import { readFile } from 'node:fs/promises';
import type { KubeClient, KubeObject } from '@tuneyard/controller/kube';
import { parse } from 'yaml';
import { REPOSITORY_URL } from '../../support/repository.js';
import { DEFINITIONS, NODES } from './kinds.js';

const CRDS = new URL('deploy/crds/', REPOSITORY_URL);

/** Makes the API server know jobs and queues. */
export async function installDefinitions(client: KubeClient): Promise<void> {
  for (const name of ['finetunejobs', 'gpuqueues']) {
    const text = await readFile(new URL(`${name}.yaml`, CRDS), 'utf8');
    await client.create(DEFINITIONS, parse(text) as KubeObject);
  }
}

/** A ready node with so many H100. */
export async function addGpuNode(client: KubeClient, name: string, gpus: number): Promise<void> {
  const labels = { 'nvidia.com/gpu.product': 'NVIDIA-H100-80GB-HBM3', 'kubernetes.io/hostname': name };
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, spec: {} };
  await client.create(NODES, node);
  const capacity = { cpu: '64', memory: '512Gi', pods: '110', 'nvidia.com/gpu': String(gpus) };
  const ready = { type: 'Ready', status: 'True', reason: 'Ready', message: '' };
  const conditions = [{ ...ready, lastTransitionTime: '2026-01-01T00:00:00Z' }];
  const status = { capacity, allocatable: capacity, conditions };
  await client.mergePatch(NODES, { name }, { status }, { subresource: 'status' });
}
