import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { modelShapeOf, type ModelShape } from '@tuneyard/proto/memory';

/** A config.json has a few kilobytes. */
const MOST_BYTES = 1 << 18;

/**
 * The sizes of the base model, where the controller sees its folder (`file://`); undefined otherwise: not being able to
 * tell is no reason to refuse a job.
 */
export function readModelShape(source: string): ModelShape | undefined {
  if (!source.startsWith('file://')) return undefined;
  try {
    const config: unknown = JSON.parse(readStart(join(fileURLToPath(source), 'config.json')));
    return typeof config === 'object' && config !== null && !Array.isArray(config)
      ? modelShapeOf(config as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

function readStart(path: string): string {
  // A pipe of that name would be waited for, and everybody with it.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const buffer = Buffer.alloc(MOST_BYTES);
    return buffer.toString('utf8', 0, readSync(file, buffer, 0, MOST_BYTES, 0));
  } finally {
    closeSync(file);
  }
}
