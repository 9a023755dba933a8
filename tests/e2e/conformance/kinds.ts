import type { KubeObject, Resource } from '@tuneyard/controller/kube';

const core = (plural: string, kind: string, namespaced: boolean): Resource => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced,
});

export const NAMESPACES = core('namespaces', 'Namespace', false);
export const CONFIG_MAPS = core('configmaps', 'ConfigMap', true);

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

export interface Widget extends KubeObject {
  readonly spec: {
    readonly size: number;
    readonly color?: string;
    readonly replicas?: number;
    readonly bogus?: boolean;
  };
  readonly status?: { readonly replicas?: number; readonly note?: string };
}

const widgetSchema = {
  type: 'object',
  description: 'A widget of the shop.',
  properties: {
    spec: {
      type: 'object',
      required: ['size'],
      'x-kubernetes-validations': [
        {
          rule: 'self.color == oldSelf.color || self.size > 1',
          message: 'small ones keep their color',
        },
      ],
      properties: {
        size: { type: 'integer', minimum: 1, description: 'How big it is.' },
        color: { type: 'string', default: 'red' },
        replicas: { type: 'integer', default: 1 },
      },
    },
    status: {
      type: 'object',
      properties: {
        replicas: { type: 'integer' },
        note: { type: 'string' },
        conditions: {
          type: 'array',
          items: {
            type: 'object',
            properties: { type: { type: 'string' }, status: { type: 'string' } },
          },
        },
      },
    },
  },
};

export interface WidgetKind {
  readonly resource: Resource;
  readonly definition: KubeObject;
  /** Short name, for kubectl. */
  readonly short: string;
  /** A category of its own, as others' `kubectl get all` must not fail when the kind goes. */
  readonly category: string;
  widget(name: string, size: number, more?: object): Widget;
}

/** A kind with defaults, a rule, printer columns, status and scale; one of its own for every namespace of the suite. */
export function widgetKind(namespace: string): WidgetKind {
  const group = `${namespace}.tuneyard.dev`;
  const short = `wd${namespace.slice(-5)}`;
  const category = `all${namespace.slice(-5)}`;
  const names = { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' };
  const version = {
    name: 'v1',
    served: true,
    storage: true,
    subresources: {
      status: {},
      scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
    },
    additionalPrinterColumns: [
      { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
      { name: 'Color', type: 'string', jsonPath: '.spec.color', priority: 1 },
    ],
    schema: { openAPIV3Schema: widgetSchema },
  };
  return {
    resource: { group, version: 'v1', plural: 'widgets', kind: 'Widget', namespaced: true },
    definition: {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `widgets.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { ...names, shortNames: [short], categories: [category] },
        versions: [version],
      },
    } as KubeObject,
    short,
    category,
    widget: (name, size, more = {}) => ({
      apiVersion: `${group}/v1`,
      kind: 'Widget',
      metadata: { name, namespace },
      spec: { size, ...more },
    }),
  };
}

export const configMap = (
  namespace: string,
  name: string,
  data: Record<string, string>,
  metadata: object = {},
): ConfigMap => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, ...metadata }, data });
