import { at, isObject, objectOr, objectsOf, stringOr, textOf } from '../json.js';
import type { KubeObject } from '../kube-object.js';
import type { ResourceType } from '../resources/resource-type.js';
import { badRequest } from '../status-error.js';

export type Predicate = (object: KubeObject) => boolean;

interface LabelTerm {
  key: string;
  operator: 'in' | 'notin' | 'exists' | 'missing' | 'gt' | 'lt';
  values: string[];
}

/** Compiles label and field selectors; undefined when there is nothing to select. Throws StatusError 400. */
export function compileSelectors(
  type: ResourceType,
  labelSelector: string | null,
  fieldSelector: string | null,
): Predicate | undefined {
  const labels = labelSelector ? parseLabelSelector(labelSelector) : [];
  const fields = fieldSelector ? parseFieldSelector(type, fieldSelector) : [];
  if (labels.length === 0 && fields.length === 0) return undefined;
  return (object) =>
    labels.every((term) => matchesTerm(object.metadata.labels ?? {}, term)) &&
    fields.every(({ path, value, equals }) => (fieldText(object, path) === value) === equals);
}

const pattern =
  /\s*(?:(!)\s*([^\s,()=!<>]+)|([^\s,()=!<>]+)\s*(?:(==?|!=|>|<)\s*([^\s,()]*)|(in|notin)\s*\(([^)]*)\))?)\s*(,|$)/gy;

/** Parses the string form of a label selector; throws StatusError 400. */
export function parseLabelSelector(text: string): LabelTerm[] {
  const terms: LabelTerm[] = [];
  let position = 0;
  while (position < text.length) {
    pattern.lastIndex = position;
    const match = pattern.exec(text);
    if (!match) throw badRequest(`unable to parse requirement: couldn't parse the selector string "${text}"`);
    const [, absent, absentKey, key = '', operator, value = '', setOperator, set = ''] = match;
    if (absent) terms.push({ key: absentKey!, operator: 'missing', values: [] });
    else if (setOperator) {
      const values = set.split(',').map((item) => item.trim());
      terms.push({ key, operator: setOperator === 'in' ? 'in' : 'notin', values });
    } else if (operator === '!=') terms.push({ key, operator: 'notin', values: [value] });
    else if (operator === '>' || operator === '<')
      terms.push({ key, operator: operator === '>' ? 'gt' : 'lt', values: [value] });
    else if (operator) terms.push({ key, operator: 'in', values: [value] });
    else terms.push({ key, operator: 'exists', values: [] });
    position = pattern.lastIndex;
  }
  return terms;
}

export function matchesTerm(labels: Record<string, string>, term: LabelTerm): boolean {
  const value = labels[term.key];
  switch (term.operator) {
    case 'in':
      return value !== undefined && term.values.includes(value);
    case 'notin':
      return value === undefined || !term.values.includes(value);
    case 'exists':
      return value !== undefined;
    case 'missing':
      return value === undefined;
    case 'gt':
      return value !== undefined && Number(value) > Number(term.values[0]);
    default:
      return value !== undefined && Number(value) < Number(term.values[0]);
  }
}

interface FieldTerm {
  path: string[];
  value: string;
  equals: boolean;
}

function parseFieldSelector(type: ResourceType, text: string): FieldTerm[] {
  return text
    .split(',')
    .filter((part) => part.trim())
    .map((part) => {
      const match = /^\s*([^=!\s]+)\s*(==|!=|=)\s*(.*?)\s*$/.exec(part);
      if (!match) throw badRequest(`invalid selector: '${part}'; can't understand '${part}'`);
      const [, field = '', operator, value = ''] = match;
      if (
        field !== 'metadata.name' &&
        field !== 'metadata.namespace' &&
        !type.selectableFields.includes(field)
      ) {
        throw badRequest(`field label not supported: ${field}`);
      }
      return { path: field.split('.'), value, equals: operator !== '!=' };
    });
}

function fieldText(object: KubeObject, path: string[]): string {
  const value =
    path.length === 1 && path[0] === 'source' ? at(object, 'source', 'component') : at(object, ...path);
  if (value === undefined || value === null) return path.at(-1) === 'unschedulable' ? 'false' : '';
  return typeof value === 'object' ? JSON.stringify(value) : textOf(value);
}

const operators: Record<string, LabelTerm['operator']> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: 'missing',
  Gt: 'gt',
  Lt: 'lt',
};

/** Whether labels match a LabelSelector object (matchLabels and matchExpressions). */
export function matchesLabelSelector(labels: Record<string, string>, selector: unknown): boolean {
  if (!isObject(selector)) return false;
  const equal = Object.entries(objectOr(selector['matchLabels']));
  return (
    equal.every(([key, value]) => labels[key] === value) &&
    objectsOf(selector['matchExpressions']).every((term) =>
      matchesTerm(labels, {
        key: stringOr(term['key'], ''),
        operator: operators[textOf(term['operator'])] ?? 'in',
        values: Array.isArray(term['values']) ? term['values'].map(String) : [],
      }),
    )
  );
}
