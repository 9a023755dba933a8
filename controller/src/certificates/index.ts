export {
  COORDINATOR_NAME,
  createControllerAuthority,
  issueCoordinatorIdentity,
  issueWorkerIdentity,
  jobAuthority,
  jobAuthorityName,
  restoreControllerAuthority,
} from './authority.js';
export type { Authority, Identity, JobAuthority } from './authority.js';
