import { arrayOr, objectOr, objectsOf, textOf, type JsonObject } from '../json.js';
import type { KubeObject } from '../kube-object.js';
import type { Store } from '../storage/store.js';
import type { AccessAttributes, AccessDecision, Authorizer } from './authorizer.js';
import type { User } from './user.js';

const group = 'rbac.authorization.k8s.io';

const names = (value: unknown): string[] => arrayOr(value).map(textOf);
const covers = (list: unknown, wanted: string): boolean =>
  names(list).some((item) => item === '*' || item === wanted);

function coversResource(rule: JsonObject, { resource, subresource }: AccessAttributes): boolean {
  const full = subresource ? `${resource}/${subresource}` : resource;
  return names(rule['resources']).some(
    (item) => item === '*' || item === full || (subresource !== '' && item === `*/${subresource}`),
  );
}

function coversPath(rule: JsonObject, path: string): boolean {
  return names(rule['nonResourceURLs']).some(
    (item) => item === path || item === '*' || (item.endsWith('*') && path.startsWith(item.slice(0, -1))),
  );
}

function allows(rule: JsonObject, attributes: AccessAttributes): boolean {
  if (!covers(rule['verbs'], attributes.verb)) return false;
  if (attributes.path !== undefined) return coversPath(rule, attributes.path);
  if (!covers(rule['apiGroups'], attributes.group) || !coversResource(rule, attributes)) return false;
  const only = names(rule['resourceNames']);
  return only.length === 0 || only.includes(attributes.name);
}

function isSubject(subject: JsonObject, user: User, bindingNamespace: string): boolean {
  const name = textOf(subject['name']);
  switch (subject['kind']) {
    case 'User':
      return name === user.name;
    case 'Group':
      return user.groups.includes(name);
    case 'ServiceAccount':
      return (
        user.name === `system:serviceaccount:${textOf(subject['namespace']) || bindingNamespace}:${name}`
      );
    default:
      return false;
  }
}

/** Decides by the Roles and bindings in the store; members of `system:masters` may do everything. */
export class RbacAuthorizer implements Authorizer {
  constructor(private readonly store: Store) {}

  decide(user: User, attributes: AccessAttributes): AccessDecision {
    if (user.groups.includes('system:masters')) return { allowed: true, reason: '' };
    for (const { rules, binding } of this.grants(user, attributes.namespace)) {
      if (rules.some((rule) => allows(rule, attributes))) {
        return { allowed: true, reason: `RBAC: allowed by ${binding.kind} "${binding.metadata.name}"` };
      }
    }
    return { allowed: false, reason: '' };
  }

  rules(user: User, namespace: string): JsonObject {
    const everything: JsonObject[] = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }];
    const rules = user.groups.includes('system:masters')
      ? everything
      : this.grants(user, namespace).flatMap((grant) => grant.rules);
    const hasPath = (rule: JsonObject): boolean => arrayOr(rule['nonResourceURLs']).length > 0;
    return {
      resourceRules: rules.filter((rule) => !hasPath(rule)),
      nonResourceRules: rules
        .filter(hasPath)
        .map((rule) => ({ verbs: rule['verbs'], nonResourceURLs: rule['nonResourceURLs'] })),
      incomplete: false,
    };
  }

  private grants(user: User, namespace: string): { rules: JsonObject[]; binding: KubeObject }[] {
    const inNamespace = namespace ? this.store.bucket(`${group}/rolebindings`).list(namespace) : [];
    const bindings = [...this.store.bucket(`${group}/clusterrolebindings`).list(undefined), ...inNamespace];
    return bindings
      .filter((binding) =>
        objectsOf(binding['subjects']).some((subject) =>
          isSubject(subject, user, binding.metadata.namespace ?? ''),
        ),
      )
      .map((binding) => ({ rules: this.rulesOf(binding), binding }));
  }

  private rulesOf(binding: KubeObject): JsonObject[] {
    const reference = objectOr(binding['roleRef']);
    const isCluster = reference['kind'] === 'ClusterRole';
    const bucket = this.store.bucket(`${group}/${isCluster ? 'clusterroles' : 'roles'}`);
    const role = bucket.get(isCluster ? '' : (binding.metadata.namespace ?? ''), textOf(reference['name']));
    return objectsOf(role?.['rules']);
  }
}
