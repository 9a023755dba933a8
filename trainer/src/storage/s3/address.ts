import { UserError } from '../../errors.js';

export interface S3Address {
  readonly bucket: string;
  /** Without slashes at its ends; '' = the whole bucket. */
  readonly key: string;
}

/** Reads `s3://bucket/prefix`. @throws UserError */
export function parseS3Address(uri: string): S3Address {
  const [, bucket, key] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/s.exec(uri) ?? [];
  if (bucket === undefined) {
    throw new UserError(`${uri}: is no address in an object store; it has the form s3://bucket/folder`);
  }
  return { bucket, key: (key ?? '').replace(/^\/+|\/+$/g, '') };
}
