import type { Resource } from '@tuneyard/controller/kube';

const core = (plural: string, kind: string, namespaced: boolean): Resource => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced,
});
const tuneyard = (plural: string, kind: string, namespaced: boolean): Resource => ({
  group: 'tuneyard.dev',
  version: 'v1alpha1',
  plural,
  kind,
  namespaced,
});

export const PODS = core('pods', 'Pod', true);
export const NAMESPACES = core('namespaces', 'Namespace', false);
export const NODES = core('nodes', 'Node', false);
export const SECRETS = core('secrets', 'Secret', true);
export const EVENTS = core('events', 'Event', true);
export const JOBS = tuneyard('finetunejobs', 'FineTuneJob', true);
export const QUEUES = tuneyard('gpuqueues', 'GpuQueue', false);
export const DEFINITIONS: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};
export const QUOTAS = core('resourcequotas', 'ResourceQuota', true);
export const LIMIT_RANGES = core('limitranges', 'LimitRange', true);
const admission = (plural: string, kind: string): Resource => ({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural,
  kind,
  namespaced: false,
});
export const POLICIES = admission('validatingadmissionpolicies', 'ValidatingAdmissionPolicy');
export const POLICY_BINDINGS = admission(
  'validatingadmissionpolicybindings',
  'ValidatingAdmissionPolicyBinding',
);
