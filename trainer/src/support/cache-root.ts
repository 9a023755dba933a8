import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where this machine keeps what can be had again: `TUNEYARD_CACHE` (`off` = nowhere), or `tuneyard` in the user's cache folder. */
export function cacheRoot(env: NodeJS.ProcessEnv): string | undefined {
  const named = env['TUNEYARD_CACHE'];
  if (named === 'off') return undefined;
  return named || join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'tuneyard');
}
