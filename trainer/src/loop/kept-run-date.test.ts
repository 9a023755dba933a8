import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDestination, openStorage, SILENT } from '../storage/index.js';
import { startS3Server, type S3Store } from '../storage/testing/index.js';
import { keptRunDate } from './kept-run-date.js';

const KEYS = { id: 'KEY', secret: 'very-secret' };
let store: S3Store;
let folder: string;
beforeAll(async () => {
  store = await startS3Server(KEYS);
  folder = mkdtempSync(join(tmpdir(), 'tuneyard-run-date-'));
});
afterAll(async () => {
  await store.server.close();
  rmSync(folder, { recursive: true, force: true });
});

describe.each(['s3', 'file'])('the date of a run whose checkpoints lie at %s://', (scheme) => {
  const day = (date: number) => new Date(Date.UTC(2026, 0, date, 12));

  it('is that of its first start', async () => {
    const env = {
      AWS_ENDPOINT_URL: store.server.url,
      AWS_ACCESS_KEY_ID: KEYS.id,
      AWS_SECRET_ACCESS_KEY: KEYS.secret,
    };
    const uri = scheme === 's3' ? 's3://bucket/checkpoints' : pathToFileURL(folder).href;
    const start = (date: number) =>
      keptRunDate(
        openDestination({ uri, secret: '', field: 'training.checkpoint.uri' }, openStorage(env, SILENT)),
        uri,
        day(date),
      );
    expect(await start(1)).toBe('2026-01-01T12:00:00.000Z');
    expect(await start(2)).toBe('2026-01-01T12:00:00.000Z');
  });
});
