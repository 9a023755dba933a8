import { StatusError } from '../status-error.js';

/** How objects are written: whole, as table rows, or metadata only. */
export type Encoding = 'json' | 'table' | 'metadata';

/** Chooses the form by the Accept header, first match wins; throws StatusError 406 when none can be served. */
export function negotiate(accept: string | undefined): Encoding {
  if (!accept) return 'json';
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    if (type !== 'application/json' && type !== '*/*' && type !== 'application/*') continue;
    const as = parameters.find((parameter) => parameter.startsWith('as='))?.slice(3);
    const version = parameters.find((parameter) => parameter.startsWith('v='))?.slice(2);
    if (!as) return 'json';
    if (version !== undefined && version !== 'v1') continue;
    if (as === 'Table') return 'table';
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return 'metadata';
  }
  throw new StatusError(
    406,
    'NotAcceptable',
    'only the following media types are accepted: application/json, application/json;as=Table;v=v1;g=meta.k8s.io',
  );
}
