import { createHash, type Hash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DatasetConfig } from '@tuneyard/proto';
import { cacheRoot } from '../support/index.js';
import { ChatTemplate } from './chat-template.js';
import { dataFilesOf } from './files/data-files.js';
import { prepareData } from './prepare-data.js';
import { readPreparedData, writePreparedData } from './prepared-data-file.js';
import type { PreparedData } from './prepared-data.js';
import { TOKENIZER_FILES, type Tokenizer } from './tokenizer.js';

/** Data sets that are kept; the one unused for longest goes first. */
const KEPT = 8;
export interface DataCacheOptions {
  /** Folder of the tokenizer. */
  readonly modelFolder: string;
  /** Where prepared data sets lie; undefined = nothing is kept. See {@link dataCacheFolder}. */
  readonly cacheFolder: string | undefined;
}

/** Where this machine keeps prepared data sets; undefined = nowhere. */
export function dataCacheFolder(env: NodeJS.ProcessEnv): string | undefined {
  const root = cacheRoot(env);
  return root === undefined ? undefined : join(root, 'data');
}

/**
 * {@link prepareData}, or what it gave the last time for the same settings, the same bytes of data and tokenizer, and
 * the same program. A cache that cannot be written is no error.
 */
export async function prepareCachedData(
  config: DatasetConfig,
  tokenizer: Tokenizer,
  { modelFolder, cacheFolder }: DataCacheOptions,
): Promise<PreparedData> {
  const key = cacheFolder === undefined ? undefined : keyOf(datedByNeed(config, tokenizer), modelFolder);
  if (cacheFolder === undefined || key === undefined) return prepareData(config, tokenizer);
  const path = join(cacheFolder, key);
  const known = readPreparedData(path);
  if (known) {
    markUsed(path);
    return known;
  }
  const data = await prepareData(config, tokenizer);
  try {
    mkdirSync(cacheFolder, { recursive: true, mode: 0o700 });
    writePreparedData(path, data);
    removeOld(cacheFolder);
  } catch {
    // A full disk or a read-only home costs time at the next start, nothing else.
  }
  return data;
}

/** A date that no text holds decides nothing; a text with the time of its rendering is made anew. */
function datedByNeed(config: DatasetConfig, tokenizer: Tokenizer): DatasetConfig {
  if (!ChatTemplate.choose(config.template, tokenizer).writesDate) return { ...config, date: '' };
  return !config.date ? { ...config, date: new Date().toISOString() } : config;
}

/** sha256 over everything that the result depends on; undefined when a file cannot be read. */
function keyOf(config: DatasetConfig, modelFolder: string): string | undefined {
  try {
    const hash = createHash('sha256').update(JSON.stringify(config));
    for (const { uri } of config.sources) for (const path of dataFilesOf(uri)) hashFile(hash, path);
    for (const name of TOKENIZER_FILES) {
      const path = join(modelFolder, name);
      if (statSync(path, { throwIfNoEntry: false })) hashFile(hash, path);
    }
    hashProgram(hash, fileURLToPath(new URL('.', import.meta.url)));
    return hash.digest('hex');
  } catch {
    return undefined;
  }
}

/** This room's own code and what it builds on: another program may cut, mask or divide otherwise. */
function hashProgram(hash: Hash, folder: string): void {
  hashFile(hash, fileURLToPath(new URL('../../package.json', import.meta.url)));
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile() && /\.[jt]s$/.test(entry.name)) hashFile(hash, join(entry.parentPath, entry.name));
  }
}

function hashFile(hash: Hash, path: string): void {
  const file = openSync(path, 'r');
  try {
    const piece = Buffer.alloc(1 << 20);
    let total = 0;
    for (let read = -1; read !== 0; total += read) {
      read = readSync(file, piece, 0, piece.length, null);
      hash.update(piece.subarray(0, read));
    }
    hash.update(`\0${total}\0`);
  } finally {
    closeSync(file);
  }
}

function markUsed(path: string): void {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // Its age only decides when it goes.
  }
}

function removeOld(folder: string): void {
  const files = readdirSync(folder)
    .map((name) => join(folder, name))
    .map((path) => ({ path, time: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.time - a.time);
  for (const { path } of files.slice(KEPT)) rmSync(path, { force: true });
}
