import type { FineTuneJob, ResolvedSpec } from '../api/index.js';
import { parseFineTuneJobSpec, resolveSpec } from '../api/index.js';
import { UserError } from '../errors.js';

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
    return resolveSpec(parseFineTuneJobSpec(job.spec));
  } catch (error) {
    if (error instanceof UserError) return { invalid: error.message };
    throw error;
  }
}
