import {
  FINE_TUNE_JOB_KIND,
  FINE_TUNE_JOBS as JOBS,
  GPU_QUEUE_KIND,
  GPU_QUEUES as QUEUES,
  GROUP,
  VERSION,
} from '../api/index.js';
import type { Resource } from '../kube/index.js';

const core = (plural: string, kind: string, namespaced: boolean): Resource => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced,
});

export const PODS = core('pods', 'Pod', true);
export const SECRETS = core('secrets', 'Secret', true);
export const NODES = core('nodes', 'Node', false);
export const NAMESPACES = core('namespaces', 'Namespace', false);
export const FINE_TUNE_JOBS: Resource = {
  group: GROUP,
  version: VERSION,
  plural: JOBS,
  kind: FINE_TUNE_JOB_KIND,
  namespaced: true,
};
export const GPU_QUEUES: Resource = {
  group: GROUP,
  version: VERSION,
  plural: QUEUES,
  kind: GPU_QUEUE_KIND,
  namespaced: false,
};
