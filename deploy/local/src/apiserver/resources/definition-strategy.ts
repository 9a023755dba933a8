import { arrayOr, isObject, objectOr, objectsOf, type JsonObject } from '../json.js';
import type { KubeObject } from '../kube-object.js';
import { requiredValue } from '../schema/validate.js';
import type { StatusCause } from '../status-error.js';
import { checkStructural } from '../schema/check-structural.js';
import type { Strategy } from './resource-type.js';

function defaultNames(spec: JsonObject): void {
  const names = objectOr(spec['names']);
  if (typeof names['kind'] !== 'string') return;
  names['singular'] ??= names['kind'].toLowerCase();
  names['listKind'] ??= `${names['kind']}List`;
}

function prepare(object: KubeObject): void {
  const spec = objectOr(object['spec']);
  defaultNames(spec);
  spec['conversion'] ??= { strategy: 'None' };
}

function validateDefinition(object: KubeObject, causes: StatusCause[]): void {
  const spec = objectOr(object['spec']);
  const names = objectOr(spec['names']);
  const wanted = `${String(names['plural'])}.${String(spec['group'])}`;
  if (object.metadata.name !== wanted) {
    causes.push({
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(object.metadata.name)}: must be spec.names.plural+"."+spec.group`,
      field: 'metadata.name',
    });
  }
  if (objectOr(spec['conversion'])['strategy'] !== 'None') {
    causes.push({
      reason: 'FieldValueNotSupported',
      message: 'Unsupported value: this server converts by apiVersion only: supported values: "None"',
      field: 'spec.conversion.strategy',
    });
  }
  const versions = objectsOf(spec['versions']);
  if (versions.filter((version) => version['storage'] === true).length !== 1) {
    causes.push({
      reason: 'FieldValueInvalid',
      message: 'Invalid value: must have exactly one version marked as storage version',
      field: 'spec.versions',
    });
  }
  for (const [index, version] of versions.entries()) {
    const place = `spec.versions[${index}].schema.openAPIV3Schema`;
    const schema = objectOr(version['schema'])['openAPIV3Schema'];
    if (!isObject(schema)) causes.push(requiredValue(place, 'schemas are required'));
    else checkStructural(schema, place, causes);
  }
}

/** CustomResourceDefinitions: what cannot be served is refused when it is written. */
export const customResourceDefinition: Strategy = {
  statusSubresource: true,
  generation: true,
  prepareCreate(object) {
    prepare(object);
    const storage = objectsOf(objectOr(object['spec'])['versions']).find(
      (version) => version['storage'] === true,
    );
    object['status'] = {
      conditions: [],
      acceptedNames: { plural: '', kind: '' },
      storedVersions: storage ? [storage['name']] : [],
    };
  },
  prepareUpdate(object, old) {
    prepare(object);
    const versions = objectsOf(objectOr(object['spec'])['versions']);
    const storage = versions.find((version) => version['storage'] === true)?.['name'];
    const stored = arrayOr(objectOr(old['status'])['storedVersions']);
    if (storage !== undefined && !stored.includes(storage)) {
      object['status'] = { ...objectOr(old['status']), storedVersions: [...stored, storage] };
    }
  },
  validate(object, _old, causes) {
    validateDefinition(object, causes);
  },
};
