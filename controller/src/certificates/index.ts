export {
  createControllerAuthority,
  issueCoordinatorIdentity,
  issueWorkerIdentity,
  jobAuthority,
  jobToken,
  restoreControllerAuthority,
} from './authority.js';
export { COORDINATOR_NAME, jobAuthorityName } from './names.js';
export { keyText, newKeyPair, signCertificate } from './x509.js';
export type { Authority, Identity, JobAuthority } from './authority.js';
export type { CertificateContent, KeyPair, Purpose, Signer } from './x509.js';
