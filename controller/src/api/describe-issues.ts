import { probableHubAddress } from '@tuneyard/proto/model-address';
import type { z } from 'zod';
import { nearest } from './nearest.js';
import { fieldsAt } from './schema-at.js';
import type { Source } from './yaml-source.js';

/**
 * What is wrong, a sentence each with its place and the way out, the most important first.
 * @param prefix of the paths that are named, such as `spec`
 */
export function describeIssues(
  issues: readonly z.core.$ZodIssue[],
  source: Source,
  schema: z.ZodType,
  prefix: readonly string[] = [],
): string[] {
  const unknown = issues
    .flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => unknownField(schema, issue.path, key))
        : [],
    )
    .sort((a, b) => a.path.length - b.path.length);
  // A misspelt field also leaves the right one missing: the misspelling is the cause.
  const meant = new Set(unknown.map(({ path, guess }) => formatPath([...path.slice(0, -1), guess ?? ''])));
  const others = issues.filter(
    ({ code, path }) => code !== 'unrecognized_keys' && !meant.has(formatPath(path)),
  );
  return [
    ...unknown.map(({ path, guess }) => {
      const hint = guess === undefined ? '' : `: did you mean ${guess}?`;
      return `${source.place(path)}${formatPath([...prefix, ...path])} is not a field that is known${hint}`;
    }),
    ...others.map((issue) => {
      const path = formatPath([...prefix, ...issue.path]);
      return `${source.place(issue.path)}${path === '' ? '' : `${path}: `}${explain(issue, source.value, schema)}`;
    }),
  ];
}

function unknownField(schema: z.ZodType, parent: readonly PropertyKey[], key: string) {
  return { path: [...parent, key], guess: nearest(key, fieldsAt(schema, parent)) };
}

function explain(issue: z.core.$ZodIssue, root: unknown, schema: z.ZodType): string {
  const given = valueAt(root, issue.path);
  switch (issue.code) {
    case 'invalid_type':
      return given === undefined ? 'is required' : `must be ${expected(issue, schema)}, not ${show(given)}`;
    case 'invalid_value':
      return given === undefined
        ? `is required: one of ${issue.values.join(', ')}`
        : `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.join(', ')}, not ${show(given)}`;
    case 'too_small':
      return issue.origin === 'array' || issue.origin === 'string'
        ? 'must not be empty'
        : `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}, not ${show(given)}`;
    case 'too_big':
      return issue.origin === 'array' || issue.origin === 'string'
        ? `is longer than ${issue.maximum}`
        : `must be ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}, not ${show(given)}`;
    case 'invalid_format':
      return issue.message.startsWith('Invalid')
        ? `${show(given)} has not the right form`
        : `${issue.message}, not ${show(given)}${hubHint(issue.message, given)}`;
    default:
      return issue.message;
  }
}

/** The name of a model on the hub is the most usual thing that is no address. */
function hubHint(message: string, given: unknown): string {
  const meant =
    typeof given === 'string' && message.includes('hf://') ? probableHubAddress(given) : undefined;
  return meant === undefined ? '' : `: did you mean ${meant}?`;
}

/** The kind of value, and for those that have parts, which. */
function expected({ expected: kind, path }: z.core.$ZodIssueInvalidType, schema: z.ZodType): string {
  if (kind === 'array') return 'a list in brackets, ["one","two"]';
  const fields = kind === 'object' ? fieldsAt(schema, path) : [];
  return fields.length === 0
    ? article(kind)
    : `an object with one or more of the fields ${fields.join(', ')}`;
}

const article = (expected: string) =>
  expected === 'int' ? 'a whole number' : /^[aeiou]/.test(expected) ? `an ${expected}` : `a ${expected}`;

const show = (value: unknown) => {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
};

const formatPath = (path: readonly PropertyKey[]) =>
  path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`,
    '',
  );

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}
