/** Names in certificates, apart from what makes these: who only compares names loads no cryptography for it. */
export const CONTROLLER_AUTHORITY = 'tuneyard controller';
/** Name in the coordinator's certificate, wherever it listens. */
export const COORDINATOR_NAME = 'tuneyard-coordinator';
export const jobAuthorityName = (uid: string) => `tuneyard job ${uid}`;
