import type { KubeObject } from '../kube-object.js';
import type { ResourceType } from '../resources/resource-type.js';
import type { StatusCause } from '../status-error.js';
import { invalidValue, requiredValue } from '../schema/validate.js';

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const qualifiedName = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const labelValue = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const maxAnnotationBytes = 262_144;

/** Fault of an object name under a kind's rule, or undefined. */
export function nameFault(name: string, rule: 'label' | 'subdomain' | 'path'): string | undefined {
  switch (rule) {
    case 'path':
      return name === '.' || name === '..' || /[/%]/.test(name)
        ? "may not be '.' or '..' or contain '/' or '%'"
        : undefined;
    case 'label':
      if (name.length <= 63 && label.test(name)) return undefined;
      return "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (at most 63 characters)";
    default:
      if (name.length <= 253 && subdomain.test(name)) return undefined;
      return "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (at most 253 characters)";
  }
}

/** Whether a text can be the key of a label. */
export function isQualifiedName(key: string): boolean {
  const slash = key.indexOf('/');
  if (slash >= 0 && !subdomain.test(key.slice(0, slash))) return false;
  const name = key.slice(slash + 1);
  return name.length > 0 && name.length <= 63 && qualifiedName.test(name);
}

/** Checks names, labels, annotations and owner references, and that system fields did not change. */
export function validateMetadata(
  type: ResourceType,
  object: KubeObject,
  old: KubeObject | undefined,
  causes: StatusCause[],
): void {
  const { metadata } = object;
  if (!metadata.name) causes.push(requiredValue('metadata.name', 'name or generateName is required'));
  else if (!old) {
    const fault = nameFault(metadata.name, type.strategy.nameRule ?? 'subdomain');
    if (fault) causes.push(invalidValue('metadata.name', metadata.name, fault));
  }
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (!isQualifiedName(key))
      causes.push(invalidValue('metadata.labels', key, 'name part must be a qualified name'));
    if (typeof value !== 'string' || value.length > 63 || !labelValue.test(value)) {
      causes.push(
        invalidValue(
          'metadata.labels',
          value,
          "a valid label must be at most 63 alphanumeric characters, '-', '_' or '.'",
        ),
      );
    }
  }
  let bytes = 0;
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    if (!isQualifiedName(key.toLowerCase()))
      causes.push(invalidValue('metadata.annotations', key, 'name part must be a qualified name'));
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > maxAnnotationBytes) {
    causes.push({
      reason: 'FieldValueTooLong',
      message: `Too long: may not be more than ${maxAnnotationBytes} bytes`,
      field: 'metadata.annotations',
    });
  }
  for (const [index, owner] of (metadata.ownerReferences ?? []).entries()) {
    for (const field of ['apiVersion', 'kind', 'name', 'uid'] as const) {
      if (!owner[field]) causes.push(requiredValue(`metadata.ownerReferences[${index}].${field}`));
    }
  }
  if ((metadata.ownerReferences ?? []).filter((owner) => owner.controller).length > 1) {
    causes.push(
      invalidValue(
        'metadata.ownerReferences',
        metadata.ownerReferences,
        'Only one reference can have Controller set to true',
      ),
    );
  }
  if (old?.metadata.deletionTimestamp) {
    const added = (metadata.finalizers ?? []).filter((name) => !old.metadata.finalizers?.includes(name));
    if (added.length > 0) {
      causes.push({
        reason: 'FieldValueForbidden',
        message: `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`,
        field: 'metadata.finalizers',
      });
    }
  }
}
