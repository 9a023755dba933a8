export { UserError } from './errors.js';
export { kubeconfigText } from './apiserver/kubeconfig.js';
export {
  startControlPlane,
  type ControlPlane,
  type ControlPlaneOptions,
} from './apiserver/start-control-plane.js';
export { startPodBinder, type PodBinder, type PodBinderOptions } from './pod-binder/start-pod-binder.js';
export { startNodeAgent, type NodeAgent, type NodeAgentOptions } from './node-agent/start-node-agent.js';
export { parseNodes, readNodes, type NodeDefinition } from './node-agent/node-definition.js';
