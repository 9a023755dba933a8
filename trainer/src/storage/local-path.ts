import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../errors.js';
import { schemeOf } from './address.js';

/** Where the controller mounts the claims that a job names. */
const DEFAULT_CLAIMS = '/mnt/claims';

/**
 * The path on this machine that a `file://` or `pvc://claim/path` address names; undefined for other schemes.
 * @throws UserError for a malformed address
 */
export function localPathOf(uri: string, env: NodeJS.ProcessEnv): string | undefined {
  switch (schemeOf(uri)) {
    case 'file':
      return filePath(uri);
    case 'pvc':
      return claimPath(uri, env);
    case '':
      return uri;
    default:
      return undefined;
  }
}

function filePath(uri: string): string {
  try {
    return fileURLToPath(uri);
  } catch (error) {
    throw new UserError(
      `${uri}: is no address of a local file (${(error as Error).message}): write file:///absolute/path`,
    );
  }
}

function claimPath(uri: string, env: NodeJS.ProcessEnv): string {
  const [claim = '', ...parts] = uri.slice('pvc://'.length).split('/');
  if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(claim) || parts.includes('..')) {
    throw new UserError(`${uri}: is no path in a volume; it has the form pvc://claim/path`);
  }
  const root = env['TUNEYARD_CLAIMS'] || DEFAULT_CLAIMS;
  if (!isAbsolute(root)) throw new UserError(`TUNEYARD_CLAIMS: "${root}" must be an absolute path`);
  return join(root, claim, ...parts);
}
