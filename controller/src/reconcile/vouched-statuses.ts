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
  /** uid to the statuses that were written last: an event may come after the write that followed its own. */
  readonly #written = new Map<string, readonly Written[]>();

  vouch(uid: string, status: FineTuneJobStatus): void {
    const [before] = this.#written.get(uid) ?? [];
    this.#written.delete(uid);
    this.#written.set(uid, [{ status, version: undefined }, ...(before === undefined ? [] : [before])]);
    const [oldest] = this.#written.keys();
    if (this.#written.size > MOST && oldest !== undefined) this.#written.delete(oldest);
  }

  forget(uid: string): void {
    this.#written.delete(uid);
  }

  /** Whether the job has a status that was written, and nothing beside it. */
  has({ metadata: { uid = '', resourceVersion }, status }: FineTuneJob): boolean {
    const written = this.#written.get(uid);
    if (written === undefined) return false;
    // The answer to a write and the watch bring the same version, in either order: it is compared once.
    const isKnown = ({ version }: Written) => resourceVersion !== undefined && version === resourceVersion;
    if (written.some(isKnown)) return true;
    const found = written.find((each) => equalJson(status ?? {}, each.status));
    if (found !== undefined) found.version = resourceVersion;
    return found !== undefined;
  }
}

/** A status, and the version of the job that was found to hold it. */
interface Written {
  readonly status: FineTuneJobStatus;
  version: string | undefined;
}
