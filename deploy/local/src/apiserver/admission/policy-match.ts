import { matchesLabelSelector } from '../crud/selectors.js';
import { arrayOr, at, isObject, objectOr, objectsOf, textOf, type JsonObject } from '../json.js';
import type { KubeObject } from '../kube-object.js';
import type { WriteReview } from './write-review.js';

const covers = (list: unknown, wanted: string): boolean => {
  const names = arrayOr(list).map(textOf);
  return names.includes('*') || names.includes(wanted);
};

/** `pods`, `pods/status`, `pods/*`, `*` (without subresources), `*\/status`, `*\/*`. */
function coversResource(list: unknown, resource: string, subresource: string | undefined): boolean {
  return arrayOr(list)
    .map(textOf)
    .some((item) => {
      const [base, below, ...rest] = item.split('/');
      if (rest.length > 0 || (base !== '*' && base !== resource)) return false;
      if (base === '*' && below === '*') return true;
      return subresource === undefined
        ? below === undefined || below === '*'
        : below === '*' || below === subresource;
    });
}

function coversWrite(rule: JsonObject, { operation, type, name, subresource }: WriteReview): boolean {
  const scope = textOf(rule['scope']) || '*';
  const only = arrayOr(rule['resourceNames']).map(textOf);
  return (
    covers(rule['operations'], operation) &&
    covers(rule['apiGroups'], type.group) &&
    covers(rule['apiVersions'], type.version) &&
    coversResource(rule['resources'], type.resource, subresource) &&
    (scope === '*' || (scope === 'Namespaced') === type.namespaced) &&
    (only.length === 0 || only.includes(name))
  );
}

function labelsOf(object: unknown): Record<string, string> | undefined {
  if (!isObject(object)) return undefined;
  return objectOr(at(object, 'metadata', 'labels')) as Record<string, string>;
}

const isSelector = (selector: unknown): boolean => isObject(selector) && Object.keys(selector).length > 0;

function inSelectedNamespace(selector: unknown, review: WriteReview, space: KubeObject | undefined): boolean {
  if (!isSelector(selector)) return true;
  const isNamespace = review.type.bucket === '/namespaces';
  if (!isNamespace && !review.type.namespaced) return true;
  const labels = isNamespace ? labelsOf(review.object ?? review.oldObject) : space?.metadata.labels;
  return matchesLabelSelector(labels ?? {}, selector);
}

function isSelectedObject(selector: unknown, { object, oldObject }: WriteReview): boolean {
  if (!isSelector(selector)) return true;
  return [object, oldObject].some((candidate) => {
    const labels = labelsOf(candidate);
    return labels !== undefined && matchesLabelSelector(labels, selector);
  });
}

/**
 * Whether a write is one of those that `matchConstraints` (of a policy) or `matchResources` (of a binding) name.
 * @param needsRule a policy without a rule matches nothing, a binding without one matches what its policy does
 */
export function matchesConstraints(
  constraints: unknown,
  review: WriteReview,
  space: KubeObject | undefined,
  needsRule: 'needs-rule' | 'any',
): boolean {
  const { resourceRules, excludeResourceRules, namespaceSelector, objectSelector } = objectOr(constraints);
  const rules = objectsOf(resourceRules);
  if (!inSelectedNamespace(namespaceSelector, review, space)) return false;
  if (!isSelectedObject(objectSelector, review)) return false;
  if (objectsOf(excludeResourceRules).some((rule) => coversWrite(rule, review))) return false;
  if (rules.length === 0) return needsRule === 'any';
  return rules.some((rule) => coversWrite(rule, review));
}
