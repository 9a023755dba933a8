import type { KubeObject } from '../kube/index.js';

/** Most versions that are remembered; beyond, the oldest are checked again when they come. */
const MOST = 10_000;

/**
 * Versions of objects that this process has written itself, and so need not be checked when the watch brings them: almost
 * all versions of a job are its own status writes, and checking each against the schema is a tenth of the controller's work.
 */
export class VouchedVersions {
  /** uid to resource version. */
  readonly #versions = new Map<string, string>();

  vouch({ metadata: { uid, resourceVersion } }: KubeObject): void {
    if (uid === undefined || resourceVersion === undefined) return;
    this.#versions.delete(uid);
    this.#versions.set(uid, resourceVersion);
    const [oldest] = this.#versions.keys();
    if (this.#versions.size > MOST && oldest !== undefined) this.#versions.delete(oldest);
  }

  /** Whether the object is one of them, once: the watch brings each version once. */
  takes({ metadata: { uid = '', resourceVersion } }: KubeObject): boolean {
    const isVouched = resourceVersion !== undefined && this.#versions.get(uid) === resourceVersion;
    if (isVouched) this.#versions.delete(uid);
    return isVouched;
  }
}
