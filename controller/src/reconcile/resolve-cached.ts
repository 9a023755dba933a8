import type { FineTuneJob, PodTemplatePolicy, ResolvedSpec } from '../api/index.js';
import {
  lingeringProblem,
  memoryNeed,
  parseFineTuneJobSpec,
  podTemplateProblems,
  resolveSpec,
  withCaps,
  workerResourceProblems,
} from '../api/index.js';
import { UserError } from '../errors.js';
import { equalJson } from '../kube/index.js';
import { readModelShape } from '../models/index.js';
import type { PinnedModels } from './pinned-model.js';
import type { QueueTerms } from './queue-terms.js';
import { withMicroBatch } from './smaller-micro-batch.js';

export type Resolved = ResolvedSpec | { readonly invalid: string };

const NO_TERMS: QueueTerms = { caps: {} };
/** So many specs are remembered. */
const MOST = 20_000;

type Model = ReturnType<PinnedModels['of']>;

/**
 * Resolves each generation of a job's spec once; its status may name a smaller micro-batch, and what is known of its
 * model may become more, and the caps of its queue may change.
 */
export function createResolver(
  policy: PodTemplatePolicy,
  models?: Pick<PinnedModels, 'of'>,
  termsFor: (job: FineTuneJob) => QueueTerms = () => NO_TERMS,
): (job: FineTuneJob) => Resolved {
  interface Known {
    readonly generation: number;
    readonly microBatchSize: number | undefined;
    readonly model: Model;
    readonly terms: QueueTerms;
    readonly resolved: Resolved;
  }
  /** By the spec itself, which is another object with every change of the status, and by the job's uid. */
  const bySpec = new WeakMap<object, Known>();
  const byUid = new Map<string, Known>();
  /** Specs whose model cannot be named. */
  const unnamed = new WeakMap<object, Resolved>();
  const remember = (job: FineTuneJob, resolved: Resolved): Resolved => {
    const known = unnamed.get(job.spec);
    if (known === undefined) unnamed.set(job.spec, resolved);
    return known ?? resolved;
  };
  return (job) => {
    const { uid = '', generation = 0 } = job.metadata;
    const microBatchSize = job.status?.microBatchSize;
    const terms = termsFor(job);
    let model: Model;
    try {
      model = models?.of(job);
    } catch (error) {
      return remember(job, invalid(error));
    }
    const fits = (entry: Known | undefined): entry is Known =>
      entry !== undefined &&
      entry.microBatchSize === microBatchSize &&
      entry.model?.commit === model?.commit &&
      (entry.terms === terms || equalJson(entry.terms, terms)) &&
      // Sizes that were known once are those of the commit for ever.
      (entry.model?.shape !== undefined || model?.shape === undefined);
    const before = bySpec.get(job.spec);
    if (fits(before)) return before.resolved;
    let known = byUid.get(uid);
    const isSame = known?.generation === generation && fits(known);
    if (known === undefined || !isSame || uid === '') {
      known = { generation, microBatchSize, model, terms, resolved: resolve(job, policy, model, terms) };
      byUid.delete(uid);
      byUid.set(uid, known);
      const [oldest] = byUid.keys();
      if (byUid.size > MOST && oldest !== undefined) byUid.delete(oldest);
    }
    bySpec.set(job.spec, known);
    return known.resolved;
  };
}

/** The API server validated the spec, but perhaps with the schema of another version. */
function resolve(job: FineTuneJob, policy: PodTemplatePolicy, model: Model, terms: QueueTerms): Resolved {
  try {
    const { caps } = terms;
    const lingering = lingeringProblem(job.spec, caps);
    const problems = podTemplateProblems(job.spec, policy);
    const [problem, ...more] = lingering === undefined ? problems : [...problems, lingering];
    if (problem !== undefined)
      return { invalid: more.length === 0 ? problem : `${problem} (and ${more.length} more)` };
    const asked = withPriority(resolveSpec(parseFineTuneJobSpec(job.spec)), job.spec.priority, terms);
    const spec = withMicroBatch(asked, job.status?.microBatchSize);
    const resolved = withMemory(model === undefined ? spec : pinned(spec, model), model);
    const { workers, memory } = resolved;
    const need = { gpus: workers.gpusPerWorker, hostBytes: memory?.hostBytes };
    const [tooLittle] = workerResourceProblems(job.spec, need);
    return tooLittle === undefined ? resolved : { invalid: tooLittle };
  } catch (error) {
    return invalid(error);
  }
}

/** With the caps of the queue, also on the priority that it gives by name. */
function withPriority(spec: ResolvedSpec, asked: number, { caps, priority }: QueueTerms): ResolvedSpec {
  if (priority === undefined) return withCaps(spec, asked, caps);
  if ('refused' in priority) return { ...withCaps(spec, 0, caps), priorityRefused: priority.refused };
  return withCaps({ ...spec, priority: priority.value }, priority.value, caps);
}

/** Whatever a spec does to the code that reads it is the fault of that spec alone. */
const invalid = (error: unknown): Resolved => ({
  invalid: error instanceof UserError ? error.message : `spec cannot be read: ${String(error).slice(0, 512)}`,
});

/** Workers are told the commit; an address that names a revision itself would contradict it. */
function pinned(spec: ResolvedSpec, { pin }: NonNullable<Model>): ResolvedSpec {
  const source = spec.model.source.replace(/@[^/]+$/, '');
  return { ...spec, model: { ...spec.model, source, revision: pin.commit }, pin };
}

function withMemory(spec: ResolvedSpec, model: Model): ResolvedSpec {
  const shape = model?.shape ?? readModelShape(spec.model.source);
  return shape === undefined ? spec : { ...spec, memory: memoryNeed(spec, shape) };
}
