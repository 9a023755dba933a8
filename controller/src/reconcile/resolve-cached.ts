import type { FineTuneJob, PodTemplatePolicy, ResolvedSpec } from '../api/index.js';
import { memoryNeed, parseFineTuneJobSpec, podTemplateProblems, resolveSpec } from '../api/index.js';
import { UserError } from '../errors.js';
import { readModelShape } from './read-model-shape.js';
import { withMicroBatch } from './smaller-micro-batch.js';

export type Resolved = ResolvedSpec | { readonly invalid: string };

/** Resolves the spec of a job once for every version of the object, whose status may name a smaller micro-batch. */
export function createResolver(policy: PodTemplatePolicy): (job: FineTuneJob) => Resolved {
  const known = new WeakMap<
    object,
    { readonly microBatchSize: number | undefined; readonly resolved: Resolved }
  >();
  return (job) => {
    const microBatchSize = job.status?.microBatchSize;
    const found = known.get(job.spec);
    if (found !== undefined && found.microBatchSize === microBatchSize) return found.resolved;
    const resolved = resolve(job, policy);
    known.set(job.spec, { microBatchSize, resolved });
    return resolved;
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
