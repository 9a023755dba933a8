/**
 * What a test from outside this repository may import: `tests/dist/cases-api/index.js` of a built clone. Names and
 * signatures stay; new ones may come. `index.test.ts` holds the list.
 *
 * - A cluster: `startCluster` serves the API with the definitions, a pod binder and GPU nodes; nothing runs in its pods.
 *   `startControllerProcess` runs the controller against it.
 * - Fake workers: `speakFor` connects to the coordinator in the name of a pod, `reportPod` writes what a node agent would.
 * - Real trainers: `startTrainingCluster` runs every pod as a process that trains a tiny model.
 * - The chart: `renderChart` gives the objects that Helm would install.
 */
export {
  jobObject,
  queueObject,
  startCluster,
  startControllerProcess,
  until,
  type Cluster,
  type ClusterOptions,
  type ControllerProcess,
} from '../e2e/controller/cluster.js';
export { FakeWorker, speakFor, type WorkerPod } from '../e2e/controller/fake-worker.js';
export { addGpuNode, installDefinitions } from '../e2e/controller/furnish.js';
export {
  DEFINITIONS,
  EVENTS,
  JOBS,
  LIMIT_RANGES,
  NAMESPACES,
  NODES,
  POLICIES,
  POLICY_BINDINGS,
  PODS,
  QUEUES,
  QUOTAS,
  SECRETS,
} from '../e2e/controller/kinds.js';
export { confirmDeletions, reportPod } from '../e2e/controller/kubelet.js';
export { startTrainingCluster, type TrainingCluster } from '../e2e/training-cluster.js';
export { renderChart, type RenderOptions } from '../helm/render-chart.js';
export { REPOSITORY } from '../support/repository.js';
export { writeTinyModel } from '../support/tiny-model.js';
