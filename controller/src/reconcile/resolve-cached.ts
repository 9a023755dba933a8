import type { FineTuneJob, PodTemplatePolicy, ResolvedSpec } from '../api/index.js';
import { memoryNeed, parseFineTuneJobSpec, podTemplateProblems, resolveSpec } from '../api/index.js';
import { UserError } from '../errors.js';
import { readModelShape } from '../models/index.js';
import { withMicroBatch } from './smaller-micro-batch.js';

export type Resolved = ResolvedSpec | { readonly invalid: string };

/** So many specs are remembered. */
const MOST = 20_000;

/** Resolves each generation of a job's spec once; its status may name a smaller micro-batch. */
export function createResolver(policy: PodTemplatePolicy): (job: FineTuneJob) => Resolved {
  interface Known {
    readonly generation: number;
    readonly microBatchSize: number | undefined;
    readonly resolved: Resolved;
  }
  /** By the spec itself, which is another object with every change of the status, and by the job's uid. */
  const bySpec = new WeakMap<object, Known>();
  const byUid = new Map<string, Known>();
  return (job) => {
    const { uid = '', generation = 0 } = job.metadata;
    const microBatchSize = job.status?.microBatchSize;
    const before = bySpec.get(job.spec);
    if (before?.microBatchSize === microBatchSize && before !== undefined) return before.resolved;
    let known = byUid.get(uid);
    const isSame = known?.generation === generation && known.microBatchSize === microBatchSize;
    if (known === undefined || !isSame || uid === '') {
      known = { generation, microBatchSize, resolved: resolve(job, policy) };
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
function resolve(job: FineTuneJob, policy: PodTemplatePolicy): Resolved {
  const [problem, ...more] = podTemplateProblems(job.spec, policy);
  if (problem !== undefined)
    return { invalid: more.length === 0 ? problem : `${problem} (and ${more.length} more)` };
  try {
    return withMemory(
      withMicroBatch(resolveSpec(parseFineTuneJobSpec(job.spec)), job.status?.microBatchSize),
    );
  } catch (error) {
    if (error instanceof UserError) return { invalid: error.message };
    throw error;
  }
}

function withMemory(spec: ResolvedSpec): ResolvedSpec {
  const model = readModelShape(spec.model.source);
  return model === undefined ? spec : { ...spec, memory: memoryNeed(spec, model) };
}
