import type { FineTuneJobStatus } from '../api/index.js';
import type { JobFacts } from './facts.js';

type Fields = Record<string, unknown>;

/** Told without a reason: what `kubectl get` shows, and a folder that only the controller knows. */
const ALWAYS = ['method.type', 'training.checkpoint.uri'];

/**
 * What was filled in or capped, and why. What the spec gives and what has a fixed default is not repeated: people read a
 * job whole, by `kubectl describe`.
 */
export function resolvedStatus({
  resolved,
  job,
}: Pick<JobFacts, 'resolved' | 'job'>): FineTuneJobStatus['resolved'] {
  if (resolved === undefined) return job.status?.resolved;
  const { pin: model, method, training, dataset, reasons } = resolved;
  const all: Fields = { method, training, dataset };
  const told: Fields = { model, reasons };
  for (const field of [...ALWAYS, ...reasons.map((filled) => filled.field)])
    copy(all, told, field.split('.'));
  // A dataset is none without its sources.
  if (isFields(told['dataset'])) told['dataset']['sources'] ??= dataset.sources.map(({ uri }) => ({ uri }));
  // Through JSON: the status is compared with what the API server sent, which holds no undefined.
  return JSON.parse(JSON.stringify(told)) as FineTuneJobStatus['resolved'];
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Copies the field of a path, where there is one. */
function copy(from: Fields, to: Fields, [name = '', ...rest]: readonly string[]): void {
  const value = from[name];
  if (value === undefined) return;
  if (rest.length === 0) {
    to[name] = value;
    return;
  }
  if (!isFields(value)) return;
  const inner = isFields(to[name]) ? to[name] : {};
  copy(value, inner, rest);
  if (Object.keys(inner).length > 0) to[name] = inner;
}
