import type { FineTuneJobSpec } from './fine-tune-job.js';
import type { QueueCaps } from './gpu-queue.js';
import type { FilledField, ResolvedSpec } from './resolved-spec.js';

/** What the platform allows the jobs of a queue at most, and who says so. */
export interface Cap {
  readonly most: number;
  readonly by: string;
}

export type Caps = { readonly [K in keyof QueueCaps]?: Cap | undefined };

/** The caps of a queue and of the controller: of both, the lower one holds. */
export function capsOf(
  queue: { readonly name: string; readonly caps: QueueCaps | undefined },
  maxCheckpointGraceSeconds: number,
): Caps {
  const caps: { -readonly [K in keyof QueueCaps]: Cap } = {};
  for (const [field, most] of Object.entries(queue.caps ?? {}) as [keyof QueueCaps, number | undefined][])
    if (most !== undefined) caps[field] = { most, by: `spec.caps of queue ${queue.name}` };
  const ofController = { most: maxCheckpointGraceSeconds, by: '--max-checkpoint-grace of the controller' };
  if ((caps.checkpointGraceSeconds?.most ?? Number.POSITIVE_INFINITY) > maxCheckpointGraceSeconds)
    caps.checkpointGraceSeconds = ofController;
  return caps;
}

/** Lowers what a job asks for to the caps of the platform, and says so in the reasons. */
export function withCaps(spec: ResolvedSpec, priority: number, caps: Caps): ResolvedSpec {
  const reasons: FilledField[] = [];
  const lower = <T extends number | undefined>(field: string, asked: T, cap: Cap | undefined): T | number => {
    if (cap === undefined || (asked !== undefined && asked <= cap.most)) return asked;
    const instead = asked === undefined ? `${cap.most}` : `${cap.most} instead of ${asked}`;
    reasons.push({ field, reason: `${instead}: ${cap.by} allows no more` });
    return cap.most;
  };
  const { runPolicy } = spec;
  const { checkpointGraceSeconds, workersReadySeconds, backoffLimit } = caps;
  const { activeDeadlineSeconds, ttlSecondsAfterFinished } = caps;
  const capped = {
    backoffLimit: lower('runPolicy.backoffLimit', runPolicy.backoffLimit, backoffLimit),
    activeDeadlineSeconds: lower(
      'runPolicy.activeDeadlineSeconds',
      runPolicy.activeDeadlineSeconds,
      activeDeadlineSeconds,
    ),
    ttlSecondsAfterFinished: lower(
      'runPolicy.ttlSecondsAfterFinished',
      runPolicy.ttlSecondsAfterFinished,
      ttlSecondsAfterFinished,
    ),
    workersReadySeconds: lower(
      'runPolicy.workersReadySeconds',
      runPolicy.workersReadySeconds,
      workersReadySeconds,
    ),
    checkpointGraceSeconds: lower(
      'runPolicy.preemption.checkpointGraceSeconds',
      runPolicy.checkpointGraceSeconds,
      checkpointGraceSeconds,
    ),
  };
  const most = lower('priority', priority, caps.priority);
  if (reasons.length === 0) return spec;
  return { ...spec, runPolicy: capped, priority: most, reasons: [...spec.reasons, ...reasons] };
}

/** Why a pod of the job could linger for longer than the caps allow; undefined when it could not. */
export function lingeringProblem(
  { podTemplate }: Pick<FineTuneJobSpec, 'podTemplate'>,
  { checkpointGraceSeconds: cap }: Caps,
): string | undefined {
  const { terminationGracePeriodSeconds: asked } = (podTemplate?.spec ?? {}) as Record<string, unknown>;
  if (cap === undefined || typeof asked !== 'number' || asked <= cap.most) return undefined;
  return `spec.podTemplate.spec.terminationGracePeriodSeconds is ${asked}, but ${cap.by} allows ${cap.most} at most: lower it`;
}
