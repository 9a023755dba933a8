import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { SourceCache } from '../cache/source-cache.js';
import type { FetchContext } from '../fetch-source.js';
import { createWebClient, type WebClient } from '../http/web-client.js';

export interface TestContext extends FetchContext {
  readonly folder: string;
  readonly messages: string[];
}

/** A context with a cache of its own, impatient, that goes with the test. */
export function testContext(env: NodeJS.ProcessEnv = {}, web?: WebClient): TestContext {
  const folder = mkdtempSync(join(tmpdir(), 'tuneyard-storage-'));
  const cache = new SourceCache(join(folder, 'cache'));
  const messages: string[] = [];
  onTestFinished(async () => {
    await cache.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder,
    messages,
    env,
    cache,
    log: { info: (message) => messages.push(message), received: () => undefined },
    retry: { attempts: 4, firstMs: 1, longestMs: 5 },
    web: web ?? createWebClient({ silenceMs: 300 }),
  };
}
