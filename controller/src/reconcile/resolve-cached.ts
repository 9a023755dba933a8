import type { FineTuneJob, ResolvedSpec } from '../api/index.js';
import { memoryNeed, parseFineTuneJobSpec, resolveSpec } from '../api/index.js';
import { UserError } from '../errors.js';
import { readModelShape } from './read-model-shape.js';

export type Resolved = ResolvedSpec | { readonly invalid: string };

/** Resolves the spec of a job once for every version of the object. */
export function createResolver(): (job: FineTuneJob) => Resolved {
  const known = new WeakMap<object, Resolved>();
  return (job) => {
    let resolved = known.get(job.spec);
    if (resolved === undefined) {
      resolved = resolve(job);
      known.set(job.spec, resolved);
    }
    return resolved;
  };
}

/** The API server validated the spec, but perhaps with the schema of another version. */
function resolve(job: FineTuneJob): Resolved {
  try {
    return withMemory(resolveSpec(parseFineTuneJobSpec(job.spec)));
  } catch (error) {
    if (error instanceof UserError) return { invalid: error.message };
    throw error;
  }
}

function withMemory(spec: ResolvedSpec): ResolvedSpec {
  const model = readModelShape(spec.model.source);
  return model === undefined ? spec : { ...spec, memory: memoryNeed(spec, model) };
}
