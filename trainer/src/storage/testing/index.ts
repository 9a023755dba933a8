export { startHubServer, type HubRepository } from './hub-server.js';
export { startS3Server, type S3Keys, type S3Store } from './s3-server.js';
