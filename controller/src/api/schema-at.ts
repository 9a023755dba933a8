import { z } from 'zod';

/** The schema of the field at a path, without what makes it optional; undefined where there is no such field. */
export function schemaAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): z.core.$ZodType | undefined {
  let current = unwrap(schema);
  for (const part of path) {
    if (current instanceof z.ZodObject) {
      const next = (current.shape as Record<PropertyKey, z.core.$ZodType>)[part];
      if (next === undefined) return undefined;
      current = unwrap(next);
    } else if (current instanceof z.ZodArray) {
      current = unwrap(current.element);
    } else {
      return undefined;
    }
  }
  return current;
}

/** Names of the fields of the object at a path. */
export function fieldsAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  const found = schemaAt(schema, path);
  return found instanceof z.ZodObject ? Object.keys(found.shape) : [];
}

/** Whether a field is a list of texts or numbers, none of objects. */
export function isListOfValues(schema: z.core.$ZodType, path: readonly PropertyKey[]): boolean {
  const found = schemaAt(schema, path);
  if (!(found instanceof z.ZodArray)) return false;
  const element = unwrap(found.element);
  return element instanceof z.ZodString || element instanceof z.ZodEnum || element instanceof z.ZodNumber;
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  let current = schema;
  while (current instanceof z.ZodOptional || current instanceof z.ZodDefault) current = current.unwrap();
  return current;
}
