import { describe, expect, it } from 'vitest';
import { builtinResources } from '../resources/builtin-resources.js';
import type { KubeObject } from '../kube-object.js';
import { compileSelectors, matchesLabelSelector } from './selectors.js';

const pods = builtinResources().find((type) => type.kind === 'Pod')!;
const pod: KubeObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'p',
    namespace: 'n',
    uid: 'u',
    resourceVersion: '1',
    creationTimestamp: '',
    labels: { app: 'web', tier: '3' },
  },
  spec: { nodeName: 'node-1' },
  status: { phase: 'Running' },
};

const matches = (labels: string | null, fields: string | null = null): boolean =>
  compileSelectors(pods, labels, fields)?.(pod) ?? true;

describe('compileSelectors', () => {
  it.each([
    ['app=web', true],
    ['app==web,tier!=4', true],
    ['app in (web, db)', true],
    ['app notin (web)', false],
    ['missing notin (x)', true],
    ['app', true],
    ['!app', false],
    ['!missing', true],
    ['tier>2,tier<4', true],
    ['app=', false],
  ])('label selector %s -> %s', (selector, wanted) => {
    expect(matches(selector)).toBe(wanted);
  });

  it.each([
    ['metadata.name=p', true],
    ['spec.nodeName=node-1,status.phase!=Failed', true],
    ['spec.nodeName=', false],
  ])('field selector %s -> %s', (selector, wanted) => {
    expect(matches(null, selector)).toBe(wanted);
  });

  it('refuses what it cannot read', () => {
    expect(() => matches('a in (')).toThrow(/parse/);
    expect(() => matches(null, 'spec.unknown=1')).toThrow('field label not supported: spec.unknown');
  });
});

describe('matchesLabelSelector', () => {
  it('needs every part', () => {
    const selector = {
      matchLabels: { app: 'web' },
      matchExpressions: [{ key: 'tier', operator: 'In', values: ['3'] }],
    };
    expect(matchesLabelSelector({ app: 'web', tier: '3' }, selector)).toBe(true);
    expect(matchesLabelSelector({ app: 'web' }, selector)).toBe(false);
  });
});
