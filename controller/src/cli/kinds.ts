import {
  FINE_TUNE_JOB_KIND,
  FINE_TUNE_JOBS,
  GPU_QUEUE_KIND,
  GPU_QUEUES,
  GROUP,
  VERSION,
} from '../api/index.js';
import type { Resource } from '../kube/index.js';

export const JOBS: Resource = {
  group: GROUP,
  version: VERSION,
  plural: FINE_TUNE_JOBS,
  kind: FINE_TUNE_JOB_KIND,
  namespaced: true,
};

export const QUEUES: Resource = {
  group: GROUP,
  version: VERSION,
  plural: GPU_QUEUES,
  kind: GPU_QUEUE_KIND,
  namespaced: false,
};
