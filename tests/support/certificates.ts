import {
  issueCoordinatorIdentity,
  issueWorkerIdentity,
  jobAuthority,
  type Authority,
} from '@tuneyard/controller/certificates';
import type { CoordinatorTls } from '@tuneyard/controller/coordinator';
import type { TlsMaterial } from '@tuneyard/trainer/collective';

const HOUR_MS = 3_600_000;

/** What a worker of job `uid` is given. */
export function workerMaterial(
  controller: Authority,
  uid: string,
  memberId: string,
  lifetimeMs = HOUR_MS,
): TlsMaterial {
  const ofJob = jobAuthority(controller, uid, Date.now());
  const { certificate, key } = issueWorkerIdentity(ofJob, memberId, Date.now(), lifetimeMs);
  return {
    ca: Buffer.from(ofJob.certificate),
    coordinatorCa: Buffer.from(controller.certificate),
    certificate: Buffer.from(certificate),
    key: Buffer.from(key),
  };
}

/** What a coordinator shows, and whom it lets in. */
export const coordinatorTls = (controller: Authority): CoordinatorTls => ({
  ...issueCoordinatorIdentity(controller, Date.now(), HOUR_MS),
  clientAuthority: controller.certificate,
});
