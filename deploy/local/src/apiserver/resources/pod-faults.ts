import { nameFault } from '../crud/validate-metadata.js';
import { textOf } from '../json.js';
import { invalidValue, requiredValue } from '../schema/validate.js';
import type { StatusCause } from '../status-error.js';

export type Report = (cause: StatusCause) => void;

const duplicate = (field: string, value: unknown): StatusCause => ({
  reason: 'FieldValueDuplicate',
  message: `Duplicate value: ${JSON.stringify(value)}`,
  field,
});
export const unsupported = (field: string, value: unknown, supported: readonly string[]): StatusCause => ({
  reason: 'FieldValueNotSupported',
  message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported.map((one) => JSON.stringify(one)).join(', ')}`,
  field,
});
export const notFound = (field: string, value: unknown): StatusCause => ({
  reason: 'FieldValueNotFound',
  message: `Not found: ${JSON.stringify(value)}`,
  field,
});

/** A name that is there, is a DNS label, and stands once. */
export function checkName(name: unknown, field: string, seen: Set<unknown>, report: Report): void {
  if (textOf(name) === '') return report(requiredValue(field));
  const fault = nameFault(textOf(name), 'label');
  if (fault !== undefined) report(invalidValue(field, name, fault));
  if (seen.has(name)) report(duplicate(field, name));
  seen.add(name);
}
