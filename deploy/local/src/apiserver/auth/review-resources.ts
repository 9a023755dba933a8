import type { ResourceType } from '../resources/resource-type.js';

const review = (group: string, kind: string, resource: string, namespaced = false): ResourceType => ({
  group,
  version: 'v1',
  resource,
  singular: kind.toLowerCase(),
  kind,
  listKind: `${kind}List`,
  shortNames: [],
  categories: [],
  namespaced,
  verbs: ['create'],
  subresources: [],
  bucket: '',
  storedApiVersion: `${group}/v1`,
  custom: false,
  strategy: { statusSubresource: false, generation: false },
  columns: [],
  schema: () => undefined,
  selectableFields: [],
});

/** Questions that are answered, not stored. */
export const reviewResources: readonly ResourceType[] = [
  review('authentication.k8s.io', 'TokenReview', 'tokenreviews'),
  review('authentication.k8s.io', 'SelfSubjectReview', 'selfsubjectreviews'),
  review('authorization.k8s.io', 'SelfSubjectAccessReview', 'selfsubjectaccessreviews'),
  review('authorization.k8s.io', 'SelfSubjectRulesReview', 'selfsubjectrulesreviews'),
  review('authorization.k8s.io', 'SubjectAccessReview', 'subjectaccessreviews'),
  review('authorization.k8s.io', 'LocalSubjectAccessReview', 'localsubjectaccessreviews', true),
];
