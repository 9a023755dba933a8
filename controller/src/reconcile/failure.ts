import type { FailureReason } from '../api/index.js';
import type { PodObject } from '../pool/index.js';

/** Why a worker ended, and so whether trying again can help. */
export type FailureClass = 'UserError' | 'DataError' | 'OutOfMemory' | 'Diverged' | 'Infrastructure';

export interface Failure {
  readonly class: FailureClass;
  readonly message: string;
}

const CLASSES: readonly FailureClass[] = [
  'UserError',
  'DataError',
  'OutOfMemory',
  'Diverged',
  'Infrastructure',
];

/** Exit code of the trainer for input that cannot be used; its message says what is wrong. */
const USER_ERROR_EXIT = 2;

/** Exit code of the trainer when its backend has too little memory; its message says for what. */
const OUT_OF_MEMORY_EXIT = 4;

/** Only what the machines did wrong is worth another try as it is. */
export const isRetryable = ({ class: kind }: Failure) => kind === 'Infrastructure';

/** The reason of the Failed condition for a failure that is not tried again. */
export const failureReason = ({ class: kind }: Failure): FailureReason =>
  kind === 'Infrastructure' ? 'BackoffLimitExceeded' : kind;

/** What a worker reported itself; an unknown word counts as a failure of the infrastructure. */
export function reportedFailure(reason: string, message: string): Failure {
  const known = CLASSES.find((kind) => kind === reason);
  return { class: known ?? 'Infrastructure', message: message === '' ? reason : message };
}

/** The cluster ended the pod for reasons of its own: a drain, a node that went down or ran short, a preemption. */
export const isDisrupted = (pod: PodObject) =>
  pod.status?.conditions?.some(({ type, status }) => type === 'DisruptionTarget' && status === 'True') ===
  true;

/** What the state of a failed pod tells; undefined when it did not fail. */
export function podFailure(pod: PodObject): Failure | undefined {
  if (pod.status?.phase !== 'Failed') return undefined;
  const { name } = pod.metadata;
  const ended = pod.status.containerStatuses?.find(({ state }) => state?.terminated !== undefined)?.state
    ?.terminated;
  if (ended === undefined) {
    const why = pod.status.message ?? pod.status.reason ?? 'no reason given';
    return { class: 'Infrastructure', message: `${name} failed: ${why}` };
  }
  const said =
    ended.message === undefined || ended.message === '' ? '' : `: ${ended.message.trim().slice(-512)}`;
  if (ended.reason === 'OOMKilled')
    return { class: 'OutOfMemory', message: `${name} was killed for using too much memory${said}` };
  if (ended.exitCode === OUT_OF_MEMORY_EXIT)
    return { class: 'OutOfMemory', message: `${name} ran out of memory${said}` };
  if (ended.exitCode === USER_ERROR_EXIT)
    return {
      class: 'UserError',
      message: `${name} refused its input${said || `: see kubectl logs ${name}`}`,
    };
  return { class: 'Infrastructure', message: `${name} ended with exit code ${ended.exitCode}${said}` };
}
