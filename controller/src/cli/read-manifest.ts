import { readFileSync } from 'node:fs';
import {
  GPU_QUEUE_KIND,
  parseFineTuneJob,
  parseGpuQueue,
  resolveSpec,
  type FineTuneJob,
  type GpuQueue,
} from '../api/index.js';
import { UserError } from '../errors.js';

/**
 * Reads a FineTuneJob or a GpuQueue from a YAML file and checks it as the API server would, without one.
 * @throws UserError naming file, line and field
 */
export function readManifest(file: string): FineTuneJob | GpuQueue {
  const text = readText(file);
  if (new RegExp(`^kind:\\s*${GPU_QUEUE_KIND}\\s*$`, 'm').test(text)) return parseGpuQueue(text, { file });
  const job = parseFineTuneJob(text, { file });
  resolveSpec(job.spec);
  return job;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
}
