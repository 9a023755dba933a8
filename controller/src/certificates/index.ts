export {
  createControllerAuthority,
  issueCoordinatorIdentity,
  issueWorkerIdentity,
  jobAuthority,
  restoreControllerAuthority,
} from './authority.js';
export { COORDINATOR_NAME, jobAuthorityName } from './names.js';
export type { Authority, Identity, JobAuthority } from './authority.js';
