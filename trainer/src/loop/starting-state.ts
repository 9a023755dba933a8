import { UserError } from '../errors.js';
import { below, type Writer } from '../storage/index.js';
import {
  checkpointSteps,
  otherRuns,
  readNewestCheckpoint,
  readNewestSettings,
  removeCheckpoints,
  type CheckpointPlace,
  type FoundCheckpoint,
} from './checkpoints.js';
import { refuseCheckpointOfOther } from './other-job.js';
import { settingDifferences, type RunSettings } from './run-settings.js';

export interface StartOptions {
  /** Where this run's own checkpoints lie. */
  readonly place: CheckpointPlace;
  /** The folder of the checkpoints of all runs. */
  readonly root: string;
  readonly fingerprint: string;
  readonly settings: RunSettings;
  /** `CheckpointConfig.resume`: what is done about checkpoints that are there. */
  readonly resume: string;
  /** The job that starts. */
  readonly owner?: Writer | undefined;
  readonly warn: (message: string) => void;
}

/**
 * The checkpoint that a run begins from; undefined = the beginning.
 * @throws UserError where the run is said to be new and is not, or to go on and there is nothing to go on from, or where
 * another job wrote the checkpoint and nobody asked to go on from that
 */
export async function startingState(options: StartOptions): Promise<FoundCheckpoint | undefined> {
  const { place, resume, owner, warn } = options;
  if (resume === 'discard') await removeCheckpoints(place);
  if (resume === 'never') await refuseOwnCheckpoints(options);
  const state =
    resume === 'never' || resume === 'discard' ? undefined : await readNewestCheckpoint(place, warn);
  if (state === undefined) await tellOfOtherRuns(options);
  else if (resume === '' || resume === 'own') refuseCheckpointOfOther(state, owner);
  return state;
}

async function refuseOwnCheckpoints({ place }: StartOptions): Promise<void> {
  const step = (await checkpointSteps(place)).at(-1);
  if (step === undefined) return;
  throw new UserError(
    `an earlier run with the same settings and data left a checkpoint of step ${step} in ${place.uri}: add --resume to go on ` +
      'from it, --force to remove it and start anew, or choose another --out.',
  );
}

/** A run that begins anew beside checkpoints is a surprise to whoever meant to go on. */
async function tellOfOtherRuns({
  place,
  root,
  fingerprint,
  settings,
  resume,
  warn,
}: StartOptions): Promise<void> {
  const others = await otherRuns(place.destination, root, fingerprint);
  if (others.length === 0) {
    if (resume === 'required')
      throw new UserError(
        `--resume: there is no checkpoint in ${root}; leave --resume out to start a new run.`,
      );
    return;
  }
  const which = others.length === 1 ? 'another run' : 'other runs';
  const difference = await differenceTo(others, { place, root, settings });
  if (resume === 'required')
    throw new UserError(
      `--resume: the checkpoints in ${root} are of ${which}, with ${difference}; give the same settings and data to go on, or leave --resume out to start a new run.`,
    );
  warn(
    `training starts anew: the checkpoints in ${root} are of ${which}, with ${difference}; only a run with the same ones goes on from them`,
  );
}

/** What sets the other run apart; of several, the one that differs least. */
async function differenceTo(
  others: readonly string[],
  { place: { destination }, root, settings }: Pick<StartOptions, 'place' | 'root' | 'settings'>,
): Promise<string> {
  let least: readonly string[] = [];
  for (const name of others) {
    const before = await readNewestSettings({ destination, uri: below(root, name) });
    const differences = before === undefined ? [] : settingDifferences(before, settings);
    if (least.length === 0 || (differences.length > 0 && differences.length < least.length))
      least = differences;
  }
  return least.length === 0
    ? 'another model, method, data set or setting of training (such as batchSize or learningRate)'
    : `another ${least.join(', ')}`;
}
