import type { FineTuneJob, FineTuneJobStatus } from '../api/index.js';
import { equalJson } from '../kube/index.js';

/** Most jobs whose status is remembered; beyond, those of the oldest writes are checked again when they come. */
const MOST = 10_000;

/**
 * The statuses that this process writes, which need not be checked when the watch brings them back: almost all versions
 * of a job are the controller's own status writes, and checking each against the schema is a tenth of its work. They are
 * compared as a whole, because the watch may be faster than the answer that tells the version.
 */
export class VouchedStatuses {
  /** uid to the status that was written last, and the version of the job that was found to hold it. */
  readonly #statuses = new Map<string, { readonly status: FineTuneJobStatus; version: string | undefined }>();

  vouch(uid: string, status: FineTuneJobStatus): void {
    this.#statuses.delete(uid);
    this.#statuses.set(uid, { status, version: undefined });
    const [oldest] = this.#statuses.keys();
    if (this.#statuses.size > MOST && oldest !== undefined) this.#statuses.delete(oldest);
  }

  forget(uid: string): void {
    this.#statuses.delete(uid);
  }

  /** Whether the job has the status that was written, and nothing beside it. */
  has({ metadata: { uid = '', resourceVersion }, status }: FineTuneJob): boolean {
    const written = this.#statuses.get(uid);
    if (written === undefined) return false;
    // The answer to a write and the watch bring the same version, in either order: it is compared once.
    if (resourceVersion !== undefined && written.version === resourceVersion) return true;
    if (!equalJson(status ?? {}, written.status)) return false;
    written.version = resourceVersion;
    return true;
  }
}
