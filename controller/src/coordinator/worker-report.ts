import type { CheckpointDone, Finished, Progress, ResumedFrom, WorkerMessage } from '@tuneyard/proto';
import type { StoredTraining } from './state-store.js';

/**
 * What a worker says, within the bounds of what is stored of it. The image of a worker is its team's, so nothing that it
 * says is taken as it is: counts are whole and not negative, times and figures finite, texts and lists as long as the
 * status of a job can hold them. A figure that is not known is NaN where the message has no other way to say so.
 */

/** One more is still exact. */
const MOST = 2 ** 52;
/** Longest time that is told, in seconds. */
const TEN_YEARS = 10 * 365 * 24 * 3600;
const LENGTHS = {
  reason: 64,
  message: 1024,
  name: 253,
  uri: 2048,
  digest: 80,
  format: 32,
  metric: 64,
} as const;
const ARTIFACTS = 16;
const METRICS = 32;

const count = (value: number) => (value > 0 ? Math.min(Math.floor(value), MOST) : 0);
const figure = (value: number) => (Number.isFinite(value) ? value : Number.NaN);
const known = (value: number | undefined) =>
  value !== undefined && Number.isFinite(value) ? value : undefined;
const duration = (value: number) =>
  Number.isFinite(value) ? Math.min(Math.max(0, value), TEN_YEARS) : Number.NaN;
const text = (value: string, kind: keyof typeof LENGTHS) => value.slice(0, LENGTHS[kind]);

/** Characters that count as much as a message. */
const UNIT = 256;

/** How much a message is, 1 = a short one, as it came. */
export function weightOf({ body }: WorkerMessage): number {
  let characters = 0;
  if (body?.$case === 'peerFailure') characters = body.value.reason.length + body.value.memberId.length;
  if (body?.$case === 'ready') characters = body.value.resumedFrom?.uri.length ?? 0;
  if (body?.$case === 'checkpointDone') characters = body.value.uri.length + body.value.digest.length;
  if (body?.$case === 'finished') {
    const { reason, message, artifacts, metrics } = body.value;
    characters = reason.length + message.length;
    for (const { format, uri, digest } of artifacts) characters += format.length + uri.length + digest.length;
    for (const { name } of metrics) characters += name.length;
    characters += UNIT * (artifacts.length + metrics.length);
  }
  return 1 + Math.ceil(characters / UNIT);
}

/** The message within its bounds. */
export function soundReport(message: WorkerMessage): WorkerMessage {
  const { body } = message;
  switch (body?.$case) {
    case 'hello': {
      const { committedStep, generation } = body.value;
      const value = { ...body.value, committedStep: count(committedStep), generation: count(generation) };
      return { body: { ...body, value } };
    }
    case 'heartbeat': {
      const unitSeconds = known(body.value.unitSeconds);
      const value = { committedStep: count(body.value.committedStep) };
      const isPace = unitSeconds !== undefined && unitSeconds > 0;
      return { body: { ...body, value: isPace ? { ...value, unitSeconds } : value } };
    }
    case 'ready': {
      const { committedStep, totalSteps, resumedFrom } = body.value;
      const value = { committedStep: count(committedStep), totalSteps: count(totalSteps) };
      return {
        body: {
          ...body,
          value: { ...value, resumedFrom: resumedFrom && soundResumedFrom(resumedFrom) },
        },
      };
    }
    case 'progress':
      return { body: { ...body, value: soundProgress(body.value) } };
    case 'peerFailure': {
      const { generation, memberId, reason } = body.value;
      const value = {
        ...body.value,
        generation: count(generation),
        memberId: text(memberId, 'name'),
        reason: text(reason, 'message'),
      };
      return { body: { ...body, value } };
    }
    case 'checkpointDone':
      return { body: { ...body, value: soundCheckpoint(body.value) } };
    case 'finished':
      return { body: { ...body, value: soundFinished(body.value) } };
    default:
      return message;
  }
}

/** What a store holds of a job's training: an earlier version may have written it. */
export function soundTraining({
  progress,
  checkpoint,
  finished,
  resumedFrom,
}: StoredTraining): StoredTraining {
  return {
    ...(progress === undefined ? {} : { progress: soundProgress(progress) }),
    ...(checkpoint === undefined ? {} : { checkpoint: soundCheckpoint(checkpoint) }),
    ...(finished === undefined ? {} : { finished: soundFinished(finished) }),
    ...(resumedFrom === undefined ? {} : { resumedFrom: soundResumedFrom(resumedFrom) }),
  };
}

function soundResumedFrom({ step, uri, job }: ResumedFrom): ResumedFrom {
  return {
    step: count(step),
    uri: text(uri, 'uri'),
    job: job && {
      namespace: text(job.namespace, 'reason'),
      name: text(job.name, 'name'),
      uid: text(job.uid, 'reason'),
    },
  };
}

function soundCheckpoint(checkpoint: CheckpointDone): CheckpointDone {
  return {
    ...checkpoint,
    step: count(checkpoint.step),
    uri: text(checkpoint.uri, 'uri'),
    digest: text(checkpoint.digest, 'digest'),
    bytes: count(checkpoint.bytes),
    seconds: duration(checkpoint.seconds),
  };
}

function soundProgress(progress: Progress): Progress {
  const { evalLoss: given, ...rest } = progress;
  const evalLoss = known(given);
  return {
    ...rest,
    step: count(progress.step),
    totalSteps: count(progress.totalSteps),
    epoch: figure(progress.epoch),
    trainLoss: figure(progress.trainLoss),
    ...(evalLoss === undefined ? {} : { evalLoss }),
    gradientNorm: figure(progress.gradientNorm),
    learningRate: figure(progress.learningRate),
    tokensPerSecond: figure(progress.tokensPerSecond),
    stepSeconds: duration(progress.stepSeconds),
    tokens: count(progress.tokens),
    estimatedSecondsLeft: duration(progress.estimatedSecondsLeft),
  };
}

function soundFinished(finished: Finished): Finished {
  const metrics = new Map<string, (typeof finished.metrics)[number]>();
  for (const { name, base: given, tuned, examples } of finished.metrics) {
    const metric = text(name, 'metric');
    const base = known(given);
    // Of several figures of one name the first counts; one that is no number says nothing.
    if (metrics.size >= METRICS || metrics.has(metric) || !Number.isFinite(tuned)) continue;
    metrics.set(metric, {
      name: metric,
      tuned,
      examples: Math.min(count(examples), 2 ** 31 - 1),
      ...(base === undefined ? {} : { base }),
    });
  }
  return {
    ...finished,
    step: count(finished.step),
    reason: text(finished.reason, 'reason'),
    message: text(finished.message, 'message'),
    artifacts: finished.artifacts.slice(0, ARTIFACTS).map((artifact) => ({
      ...artifact,
      format: text(artifact.format, 'format'),
      uri: text(artifact.uri, 'uri'),
      digest: text(artifact.digest, 'digest'),
      bytes: count(artifact.bytes),
    })),
    metrics: [...metrics.values()],
  };
}
