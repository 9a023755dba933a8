import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { fineTuneJobCrd, gpuQueueCrd } from './crd.js';
import { crdFiles } from './generate.js';

type Schema = { [key: string]: unknown };

const rootSchema = (crd: Schema): Schema => {
  const spec = crd['spec'] as { versions: { schema: { openAPIV3Schema: Schema } }[] };
  return spec.versions[0]!.schema.openAPIV3Schema;
};

/** Calls back for every schema below `spec` and `status`. */
function walk(schema: Schema, path: string, visit: (schema: Schema, path: string) => void): void {
  visit(schema, path);
  for (const [name, child] of Object.entries((schema['properties'] ?? {}) as Record<string, Schema>)) {
    walk(child, `${path}.${name}`, visit);
  }
  if (schema['items'] !== undefined) walk(schema['items'] as Schema, `${path}[]`, visit);
  if (schema['additionalProperties'] !== undefined)
    walk(schema['additionalProperties'] as Schema, `${path}{}`, visit);
}

function problems(crd: Schema, problem: (schema: Schema) => boolean): string[] {
  const found: string[] = [];
  const { spec, status } = rootSchema(crd)['properties'] as Record<'spec' | 'status', Schema>;
  for (const [name, schema] of Object.entries({ spec, status })) {
    walk(schema, name, (at, path) => {
      if (problem(at)) found.push(path);
    });
  }
  return found;
}

describe.each([
  ['FineTuneJob', fineTuneJobCrd()],
  ['GpuQueue', gpuQueueCrd()],
])('the CRD of %s', (kind, crd) => {
  it('is structural: every node has a type and no union types', () => {
    expect(
      problems(crd, (s) => typeof s['type'] !== 'string' || 'oneOf' in s || 'anyOf' in s || 'allOf' in s),
    ).toEqual([]);
  });

  it('keeps unknown fields only where they are those of a pod', () => {
    expect(problems(crd, (s) => 'x-kubernetes-preserve-unknown-fields' in s)).toEqual(
      kind === 'FineTuneJob' ? ['spec.podTemplate.spec'] : [],
    );
  });

  it('bounds every string and list, which the cost of CEL rules needs', () => {
    const unbounded = (s: Schema) =>
      (s['type'] === 'string' && !('maxLength' in s) && !('enum' in s) && s['format'] !== 'date-time') ||
      (s['type'] === 'array' && !('maxItems' in s)) ||
      ('additionalProperties' in s && !('maxProperties' in s));
    expect(problems(crd, unbounded)).toEqual([]);
  });

  it('documents every field', () => {
    const undocumented = problems(
      crd,
      (s) => typeof s['description'] !== 'string' || s['description'] === '',
    );
    expect(undocumented.filter((path) => !path.endsWith('{}'))).toEqual([]);
  });

  it('names the field of every rule over the whole object, by a path that its schema has', () => {
    const root = rootSchema(crd);
    const rules = (root['x-kubernetes-validations'] ?? []) as { fieldPath?: string }[];
    expect(rules).toHaveLength(kind === 'FineTuneJob' ? 3 : 0);
    for (const { fieldPath = '' } of rules) {
      const found = fieldPath
        .split('.')
        .slice(1)
        .reduce<unknown>((at, name) => ((at as Schema)['properties'] as Schema)[name], root);
      expect(found, fieldPath).toHaveProperty('type');
    }
  });

  it('says for every list how it merges', () => {
    expect(problems(crd, (s) => s['type'] === 'array' && !('x-kubernetes-list-type' in s))).toEqual([]);
  });
});

describe('deploy/crds', () => {
  it.each(Object.keys(crdFiles()))('%s is current: else run npm run generate', async (name) => {
    const stored = await readFile(new URL(`../../../deploy/crds/${name}`, import.meta.url), 'utf8');
    expect(stored).toBe(crdFiles()[name]);
  });
});
