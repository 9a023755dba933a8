import { keepRunDate, keptRunDate } from '../loop/kept-run-date.js';
import { openDestination, openStorage } from '../storage/index.js';

export interface RunDateOptions {
  /** Folder of the checkpoints of all runs. */
  readonly checkpoints: string;
  /** Name of the Secret with credentials; '' = none. */
  readonly secret: string;
  /** Keep the present date instead of an earlier one. */
  readonly anew: boolean;
}

/** Prints the date that templates of the run take for the present, kept beside its checkpoints from the first start on. */
export async function runRunDate({ checkpoints, secret, anew }: RunDateOptions): Promise<void> {
  const storage = openStorage(process.env, { info: console.error, received: () => undefined });
  const destination = openDestination(
    { uri: checkpoints, secret, field: 'training.checkpoint.uri' },
    storage,
  );
  console.log(await (anew ? keepRunDate : keptRunDate)(destination, checkpoints, new Date()));
}
