import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ResolvedSpec } from '../../api/index.js';
import type { LocalStart } from './output-folder.js';

/** Beside the checkpoints: when the first run that wrote them began. */
const RUN_DATE_FILE = 'run-date';
const DATED = 'strftime_now';
/** Where a model folder may have its chat template. */
const TEMPLATE_FILES = ['chat_template.jinja', 'tokenizer_config.json'];

/**
 * The date that templates of a run write, RFC 3339; '' where none does. It is kept beside the checkpoints, so that a run that
 * goes on on another day renders the same texts and finds its checkpoints.
 */
export function runDate(spec: ResolvedSpec, now: Date, start: LocalStart): string {
  if (!mayWriteDate(spec)) return '';
  const { uri } = spec.training.checkpoint;
  if (!uri.startsWith('file://')) return now.toISOString();
  const folder = fileURLToPath(uri);
  const file = join(folder, RUN_DATE_FILE);
  if (start !== 'discard' && existsSync(file)) {
    const kept = new Date(readFileSync(file, 'utf8').trim());
    if (!Number.isNaN(kept.getTime())) return kept.toISOString();
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `${now.toISOString()}\n`);
  return now.toISOString();
}

/** A model elsewhere may have a template that does. */
function mayWriteDate({ dataset, model }: ResolvedSpec): boolean {
  if (dataset.template !== 'auto') return dataset.template.includes(DATED);
  if (!model.source.startsWith('file://')) return true;
  return TEMPLATE_FILES.map((name) => join(fileURLToPath(model.source), name)).some(
    (path) => existsSync(path) && readFileSync(path, 'utf8').includes(DATED),
  );
}
