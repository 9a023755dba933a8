import { UserError } from '../errors.js';
import { schemeOf, shown } from './address.js';
import { credentialsOf } from './credentials.js';
import type { Destination } from './destination.js';
import { LocalDestination } from './destinations/local-destination.js';
import { S3Destination } from './destinations/s3-destination.js';
import type { SourceContext } from './source.js';

export interface DestinationRequest {
  readonly uri: string;
  /** Name of the Secret with credentials; '' = none. */
  readonly secret: string;
  /** Field of the job that holds the address, for errors. */
  readonly field: string;
}

/** What writes to the scheme of an address. @throws UserError for a scheme that can only be read */
export function openDestination(
  { uri, secret, field }: DestinationRequest,
  context: SourceContext,
): Destination {
  switch (schemeOf(uri)) {
    case 'file':
    case 'pvc':
      return new LocalDestination(context.env);
    case 's3':
      return new S3Destination(context, credentialsOf(secret, context.env));
    default:
      throw new UserError(`${field}: "${shown(uri)}" cannot be written to; use file://, pvc:// or s3://`);
  }
}
