import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the controller mounts the Secrets that a job names. */
const DEFAULT_FOLDER = '/var/run/tuneyard/secrets';
/** Credentials are short; anything longer is a file mounted by mistake. */
const MOST_BYTES = 64 * 1024;

/** Keys and tokens for one address. They are read when they are used, because mounted Secrets are renewed in place. */
export interface Credentials {
  /** Name of the Secret; '' = none was named, and the environment counts. */
  readonly secret: string;
  /** The value of a key, such as `HF_TOKEN`. Never to be logged. */
  get(key: string): string | undefined;
}

/** Credentials from the Secret that the job names for an address, or from the environment when it names none. */
export function credentialsOf(secret: string, env: NodeJS.ProcessEnv): Credentials {
  if (secret === '') return { secret, get: (key) => env[key] || undefined };
  const folder = join(env['TUNEYARD_SECRETS'] || DEFAULT_FOLDER, secret);
  return { secret, get: (key) => readKey(join(folder, key)) };
}

/** Settings that are no secrets, such as an endpoint: from the Secret if it has them, else from the environment. */
export function settingOf(
  credentials: Credentials,
  env: NodeJS.ProcessEnv,
  ...keys: readonly string[]
): string | undefined {
  for (const key of keys) {
    const value = credentials.get(key) ?? env[key];
    if (value !== undefined && value !== '') return value;
  }
  return undefined;
}

/** How to give credentials, for error messages. */
export function credentialAdvice(credentials: Credentials, keys: string): string {
  return credentials.secret === ''
    ? `name a Secret with ${keys} in its secretRef`
    : `check that Secret ${credentials.secret} has ${keys}, and that they are right`;
}

function readKey(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    return text.length > MOST_BYTES ? undefined : text.trim() || undefined;
  } catch {
    return undefined;
  }
}
