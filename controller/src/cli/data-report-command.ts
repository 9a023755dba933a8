import { once } from 'node:events';
import { TrainerConfig } from '@tuneyard/proto';
import { toTrainerConfig } from '../api/index.js';
import { localJobSpec } from './train/local-job-spec.js';
import { spawnTrainer } from './trainer-program.js';

export interface DataReportOptions {
  /** Folder of the base model, whose tokenizer and chat template count. */
  readonly model: string;
  readonly set: readonly string[];
  readonly json?: string;
}

/** Prints what training would make of data files; resolves with the exit code. */
export async function reportData(files: readonly string[], options: DataReportOptions): Promise<number> {
  const spec = localJobSpec({
    model: options.model,
    data: files,
    method: 'lora',
    workers: 1,
    out: 'unused',
    set: options.set,
  });
  const json = options.json === undefined ? [] : ['--json', options.json];
  const trainer = spawnTrainer(['data-report', '--config', '-', ...json], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  // A trainer that ends early says why itself; a broken pipe would only hide it.
  trainer.stdin
    ?.on('error', () => undefined)
    .end(JSON.stringify(TrainerConfig.toJSON(toTrainerConfig(spec))));
  await once(trainer, 'exit');
  return trainer.exitCode ?? 1;
}
