import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { describe, expect, it } from 'vitest';
import { goldenFile } from './cases.js';
import type { KubeObject } from './render-chart.js';
import { verbsInCode } from './verbs-in-code.js';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}
type Role = KubeObject & { readonly rules: readonly Rule[] };

const objectsOf = (file: URL | string) =>
  parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS() as KubeObject);

/** `resource verb` of every rule of the controller's own roles. */
function granted(objects: readonly KubeObject[]): Set<string> {
  const roles = objects.filter(
    ({ kind, metadata }) =>
      (kind === 'ClusterRole' || kind === 'Role') && metadata.name.includes('controller'),
  ) as Role[];
  expect(roles).toHaveLength(2);
  return new Set(
    roles.flatMap(({ rules }) =>
      rules.flatMap(({ resources, verbs }) =>
        resources.flatMap((resource) => verbs.map((verb) => `${resource} ${verb}`)),
      ),
    ),
  );
}

/** Never called, but asked for by an admission plugin when owner references block deletion. */
const ASKED_BY_ADMISSION = ['finetunejobs/finalizers update'];

const sorted = (values: Iterable<string>) => [...values].sort();

describe('permissions of the controller', () => {
  it('are found in its source', () => {
    const used = verbsInCode();
    expect(used).toContain('pods create');
    expect(used).toContain('finetunejobs/status patch');
    expect(used).toContain('leases update');
    expect(used).not.toContain('finetunejobs patch');
  });

  it('are, in the chart, those that its source uses and no more', () => {
    expect(sorted(granted(objectsOf(goldenFile('default'))))).toEqual(
      sorted([...verbsInCode(), ...ASKED_BY_ADMISSION]),
    );
  });

  it('name no wildcard, and never list Secrets', () => {
    const given = granted(objectsOf(goldenFile('ha')));
    expect([...given].filter((verb) => verb.includes('*'))).toEqual([]);
    expect(given).not.toContain('secrets list');
    expect(given).not.toContain('secrets watch');
  });
});
