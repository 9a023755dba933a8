import { UserError } from '../errors.js';
import type { Observer } from '../observe/observer.js';
import { openDestination, writerOf, type SourceContext, type Writer } from '../storage/index.js';
import type { FoundCheckpoint } from './checkpoints.js';
import type { CompleteConfig } from './train.js';

/**
 * A job goes on from its own checkpoints, known by its uid: the same settings and data do not make another job the
 * same run. One that names no writer, of a release before writers were named, counts as its own; that it was resumed
 * from is told.
 * @throws UserError when another job wrote the checkpoint
 */
export function refuseCheckpointOfOther({ run, uri, writer }: FoundCheckpoint, owner: Writer | undefined) {
  if (writer === undefined || owner === undefined || writer.uid === owner.uid) return;
  throw new UserError(
    `the checkpoint of step ${run.step} in ${uri} was written by another job, ${nameOf(writer)}: to go on from it set ` +
      'training.checkpoint.resume: any; to train anew name another folder as output.uri or training.checkpoint.uri, or delete the checkpoint',
  );
}

/**
 * Nothing of another job of a cluster is replaced without a word. A run on this machine was asked about its folder
 * before it began.
 */
export async function warnOfOtherResult(
  { output: { uri, secret }, training }: Pick<CompleteConfig, 'output' | 'training'>,
  owner: Writer | undefined,
  { storage, observer }: { readonly storage: SourceContext; readonly observer: Observer },
): Promise<void> {
  if (!['', 'own', 'any'].includes(training.checkpoint?.resume ?? '')) return;
  const destination = openDestination({ uri, secret, field: 'output.uri' }, storage);
  const manifest = await destination.manifest(uri);
  const writer = manifest && writerOf(manifest);
  if (writer === undefined || owner === undefined || writer.uid === owner.uid) return;
  observer.warn(
    `${uri} holds the result of another job, ${nameOf(writer)}: the result of this one will replace it`,
  );
}

const nameOf = ({ namespace, name, uid }: Writer) => `${namespace}/${name} (uid ${uid})`;
