import { at, isObject, objectOr, objectsOf, stringOr, type JsonObject } from '../json.js';
import type { KubeObject } from '../kube-object.js';
import { builtinSchema } from '../schema/builtin-schema.js';
import type { SchemaNode } from '../schema/schema-node.js';
import { customColumns } from '../table/custom-columns.js';
import { allVerbs, apiVersionOf, type ResourceType, type ScalePaths } from './resource-type.js';

const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];

const pathOf = (value: unknown): string[] => stringOr(value, '').split('.').filter(Boolean);

function scalePaths(subresources: JsonObject): ScalePaths | undefined {
  const scale = subresources['scale'];
  if (!isObject(scale)) return undefined;
  return {
    specReplicas: pathOf(scale['specReplicasPath']),
    statusReplicas: pathOf(scale['statusReplicasPath']),
    ...(scale['labelSelectorPath'] ? { selector: pathOf(scale['labelSelectorPath']) } : {}),
  };
}

/** The resources, one per served version, that a CustomResourceDefinition brings. */
export function customResources(definition: KubeObject): ResourceType[] {
  const spec = objectOr(definition['spec']);
  const names = objectOr(spec['names']);
  const group = stringOr(spec['group'], '');
  const resource = stringOr(names['plural'], '');
  const versions = objectsOf(spec['versions']);
  const storage = versions.find((version) => version['storage'] === true);
  return versions
    .filter((version) => version['served'] === true)
    .map((version): ResourceType => {
      const subresources = objectOr(version['subresources']);
      const scale = scalePaths(subresources);
      const statusSubresource = isObject(subresources['status']);
      const schema = withObjectMeta(objectOr(at(version, 'schema', 'openAPIV3Schema')));
      return {
        group,
        version: stringOr(version['name'], ''),
        resource,
        singular: stringOr(names['singular'], ''),
        kind: stringOr(names['kind'], ''),
        listKind: stringOr(names['listKind'], ''),
        shortNames: strings(names['shortNames']),
        categories: strings(names['categories']),
        namespaced: spec['scope'] === 'Namespaced',
        verbs: allVerbs,
        subresources: [...(statusSubresource ? ['status'] : []), ...(scale ? ['scale'] : [])],
        bucket: `${group}/${resource}`,
        storedApiVersion: apiVersionOf({ group, version: stringOr(storage?.['name'], '') }),
        custom: true,
        strategy: { statusSubresource, generation: true },
        ...(scale ? { scale } : {}),
        columns: customColumns(version['additionalPrinterColumns']),
        schema: () => schema,
        selectableFields: objectsOf(version['selectableFields']).map((field) =>
          stringOr(field['jsonPath'], '').replace(/^\./, ''),
        ),
      };
    });
}

/** The user's schema with the types that every object has. */
function withObjectMeta(schema: SchemaNode): SchemaNode {
  return {
    ...schema,
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      ...schema.properties,
      metadata: builtinSchema('V1ObjectMeta'),
    },
  };
}
