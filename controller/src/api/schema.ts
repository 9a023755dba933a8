import { z } from 'zod';

/**
 * A rule over several fields of one object. It stands twice, once as CEL for the API server and once as a function
 * for files that never see one (`tuneyard train`); both are side by side so that they change together.
 */
export interface CrossFieldRule<T> {
  /** CEL, evaluated by the API server on `self`. */
  readonly rule: string;
  /** One sentence: what is wrong and what to do. */
  readonly message: string;
  /** The same as `rule`; absent for transition rules, which need an old object. */
  readonly holds?: (value: T) => boolean;
  /** The field to blame, relative to the object. */
  readonly field?: string;
}

/** What is wrong with one field of an object. */
export interface FieldFault {
  readonly field: string;
  readonly fault: string;
}

/** A documented object without unknown fields; `rules` become both CEL and checks. */
export function documented<S extends z.ZodRawShape>(
  description: string,
  shape: S,
  rules: readonly CrossFieldRule<z.output<z.ZodObject<S, z.core.$strict>>>[] = [],
  /** For what CEL cannot tell; the API server lets such objects pass. */
  check?: (value: z.output<z.ZodObject<S, z.core.$strict>>) => FieldFault | undefined,
) {
  const object = z.strictObject(shape).superRefine((value, context) => {
    for (const { holds, message, field } of rules) {
      if (holds !== undefined && !holds(value)) {
        context.addIssue({ code: 'custom', message, path: field === undefined ? [] : [field] });
      }
    }
    const fault = check?.(value);
    if (fault) context.addIssue({ code: 'custom', message: fault.fault, path: [fault.field] });
  });
  if (rules.length === 0) return object.meta({ description });
  const celRules = rules.map(({ rule, message, field }) => ({
    rule,
    message,
    ...(field === undefined ? {} : { fieldPath: `.${field}` }),
  }));
  return object.meta({ description, 'x-kubernetes-validations': celRules });
}

/** A string of at most `maxLength` characters. */
export const text = (description: string, maxLength: number) =>
  z.string().max(maxLength).meta({ description });

export const integer = (description: string, minimum: number, maximum: number) =>
  z.int().min(minimum).max(maximum).meta({ description });

export const fraction = (description: string, minimum: number, maximum: number) =>
  z.number().min(minimum).max(maximum).meta({ description });

export const choice = <const T extends readonly [string, ...string[]]>(description: string, values: T) =>
  z.enum(values).meta({ description });

export const flag = (description: string) => z.boolean().meta({ description });

/** An RFC 3339 instant. */
export const instant = (description: string) => z.string().max(40).meta({ description, format: 'date-time' });

/** A list in which the order matters or that is always written as a whole. */
export const list = <T extends z.ZodType>(description: string, item: T, maxItems: number) =>
  z.array(item).max(maxItems).meta({ description, 'x-kubernetes-list-type': 'atomic' });

/** A list keyed by one field, so that several managers can own different entries of it. */
export const keyedList = <T extends z.ZodType>(description: string, key: string, item: T, maxItems: number) =>
  z
    .array(item)
    .max(maxItems)
    .meta({ description, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] });

/** A map of short strings, as labels are. */
export const stringMap = (description: string, maxProperties: number) =>
  z.record(z.string().max(317), z.string().max(1024)).meta({ description, maxProperties });

/** A map of short keys to values that are no strings. */
export const valueMap = <T extends z.ZodType>(description: string, value: T, maxProperties: number) =>
  z.record(z.string().max(256), value).meta({ description, maxProperties });

/** An object of another API, whose fields this one does not know. */
export const freeForm = (description: string) =>
  z.looseObject({}).meta({ description, 'x-kubernetes-preserve-unknown-fields': true });

const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
const NAME_OR_EMPTY = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$/;

/** The name of a Kubernetes object. */
export const objectName = (description: string) =>
  z.string().min(1).max(253).regex(NAME).meta({ description });

/** The name of a Kubernetes object, or nothing. */
export const objectNameOrEmpty = (description: string) =>
  z.string().max(253).regex(NAME_OR_EMPTY).meta({ description });

const URI = /^(hf|s3|pvc|file|https):\/\/.+$/;

/** Names the Secret with the credentials for an address. */
export const secretRef = (description: string) =>
  documented(description, { name: objectName('A Secret in the namespace of the job.') });

/** Where a model, a data set or an adapter lies. */
export const uri = (description: string) =>
  z
    .string()
    .max(2048)
    .regex(URI, 'must start with hf://, s3://, pvc://, file:// or https://')
    .meta({ description });

const WRITABLE = /^(s3|pvc|file):\/\/.+$/;

/** Where results go. */
export const writableUri = (description: string) =>
  z.string().max(2048).regex(WRITABLE, 'must start with s3://, pvc:// or file://').meta({ description });
