import type { JsonObject } from '../json.js';
import type { User } from './user.js';

/** What a request wants to do. */
export interface AccessAttributes {
  verb: string;
  group: string;
  resource: string;
  subresource: string;
  /** '' for cluster scope or all namespaces. */
  namespace: string;
  name: string;
  /** Set instead of the resource for URLs that name none. */
  path?: string;
}

export interface AccessDecision {
  allowed: boolean;
  reason: string;
}

export interface Authorizer {
  decide(user: User, attributes: AccessAttributes): AccessDecision;
  /** Status of a SelfSubjectRulesReview. */
  rules(user: User, namespace: string): JsonObject;
}

/** Lets everybody do everything who got past authentication. */
export const allowAll: Authorizer = {
  decide: () => ({ allowed: true, reason: '' }),
  rules: () => ({
    resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
    incomplete: false,
  }),
};
