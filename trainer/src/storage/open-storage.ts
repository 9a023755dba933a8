import { join } from 'node:path';
import { openTemporaryFolder } from '@tuneyard/proto/processes';
import { cacheRoot } from '../support/index.js';
import { SourceCache } from './cache/source-cache.js';
import type { FetchContext } from './fetch-source.js';
import { createWebClient } from './http/web-client.js';
import { DEFAULT_RETRY } from './retry.js';
import { SILENT, type TransferLog } from './transfer-log.js';

/** How a process reads sources and writes to destinations, as its environment says. */
export function openStorage(env: NodeJS.ProcessEnv, log: TransferLog = SILENT): FetchContext {
  return {
    env,
    log,
    retry: DEFAULT_RETRY,
    web: createWebClient(),
    cache: new SourceCache(cacheFolderOf(env)),
  };
}

/** Without a cache, what is fetched lies in a folder that goes with the process. */
function cacheFolderOf(env: NodeJS.ProcessEnv): string {
  const root = cacheRoot(env);
  if (root !== undefined) return join(root, 'sources');
  return join(openTemporaryFolder('sources').path, 'sources');
}
