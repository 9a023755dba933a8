import { createECDH, createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from 'node:crypto';
import { CONTROLLER_AUTHORITY, COORDINATOR_NAME, jobAuthorityName } from './names.js';
import {
  keyText,
  newKeyPair,
  signCertificate,
  type CertificateContent,
  type KeyPair,
  type Purpose,
  type Signer,
} from './x509.js';

/** Order of the group of P-256 (SEC 2, 2.4.2). */
const P256_ORDER = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
const HOUR_MS = 3_600_000;
/** Clocks of nodes differ. */
const BACKDATED_MS = HOUR_MS;
const AUTHORITY_YEARS = 10;
const AUTHORITY_MS = AUTHORITY_YEARS * 365 * 24 * HOUR_MS;

/** A certificate (chain) and its private key, PEM. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

/** A key that signs certificates under a name. */
export interface Authority extends Signer {
  /** Its own certificate, self-signed, PEM: what those who trust it are given. */
  readonly certificate: string;
}

/** A job's authority, and the certificate (PEM) by which who trusts the controller's authority can follow it. */
export interface JobAuthority extends Authority {
  readonly link: string;
}

/** A new authority for this installation of the controller. */
export function createControllerAuthority(now: number): Authority & Identity {
  const keys = newKeyPair();
  const self = { commonName: CONTROLLER_AUTHORITY, privateKey: keys.privateKey };
  const certificate = signCertificate(authorityContent(CONTROLLER_AUTHORITY, 1, now), keys.publicKey, self);
  return { ...self, certificate, key: keyText(keys) };
}

/** The authority that {@link createControllerAuthority} made, from its PEM parts. @throws Error when they are damaged */
export const restoreControllerAuthority = ({ certificate, key }: Identity): Authority => ({
  commonName: CONTROLLER_AUTHORITY,
  privateKey: createPrivateKey(key),
  certificate,
});

/**
 * The authority of one job. Its key follows from the controller's and the job's uid (HKDF-SHA256 of RFC 5869, reduced
 * as FIPS 186-5 A.2.1 says), so that it is stored nowhere, and every replica and every restart has the same one.
 */
export function jobAuthority(controller: Authority, uid: string, now: number): JobAuthority {
  const bytes = derive(controller, `tuneyard job authority 1 ${uid}`, 48);
  const scalar = (BigInt(`0x${bytes.toString('hex')}`) % (P256_ORDER - 1n)) + 1n;
  const { publicKey, privateKey } = keysOf(Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex'));
  const commonName = jobAuthorityName(uid);
  // A job's authority signs workers, never further authorities.
  const content = authorityContent(commonName, 0, now);
  return {
    commonName,
    privateKey,
    certificate: signCertificate(content, publicKey, { commonName, privateKey }),
    // Only clients: whoever gets hold of a job's key must not pass for the coordinator of another job.
    link: signCertificate({ ...content, purposes: ['client'] }, publicKey, controller),
  };
}

/** The token of one job: 32 bytes, base64url. It follows from the controller's key and the job's uid as the job's key does. */
export const jobToken = (controller: Authority, uid: string): string =>
  derive(controller, `tuneyard job token 1 ${uid}`, 32).toString('base64url');

/** A worker's certificate, for both ends of its connections, followed by the link of its job's authority. */
export function issueWorkerIdentity(
  authority: JobAuthority,
  memberId: string,
  now: number,
  lifetimeMs: number,
): Identity {
  const { certificate, key } = issue(authority, memberId, now, lifetimeMs, ['client', 'server']);
  return { certificate: `${certificate}${authority.link}`, key };
}

/** The coordinator's certificate. */
export const issueCoordinatorIdentity = (controller: Authority, now: number, lifetimeMs: number): Identity =>
  issue(controller, COORDINATOR_NAME, now, lifetimeMs, ['server']);

function issue(
  authority: Authority,
  name: string,
  now: number,
  lifetimeMs: number,
  purposes: Purpose[],
): Identity {
  const keys = newKeyPair();
  const content = {
    commonName: name,
    hosts: [name],
    purposes,
    validFrom: now - BACKDATED_MS,
    validTo: now + lifetimeMs,
  };
  return { certificate: signCertificate(content, keys.publicKey, authority), key: keyText(keys) };
}

const authorityContent = (commonName: string, pathLength: number, now: number): CertificateContent => ({
  commonName,
  authority: { pathLength },
  validFrom: now - BACKDATED_MS,
  validTo: now + AUTHORITY_MS,
});

/** Reading a key out costs more than deriving from it, and is done for every job. */
const secrets = new WeakMap<KeyObject, Buffer>();

function derive({ privateKey }: Authority, purpose: string, bytes: number): Buffer {
  let secret = secrets.get(privateKey);
  if (secret === undefined)
    secrets.set(
      privateKey,
      (secret = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url')),
    );
  return Buffer.from(hkdfSync('sha256', secret, '', purpose, bytes));
}

function keysOf(scalar: Buffer): KeyPair {
  const curve = createECDH('prime256v1');
  curve.setPrivateKey(scalar);
  const point = curve.getPublicKey();
  const coordinate = (from: number) => point.subarray(from, from + 32).toString('base64url');
  const key = {
    kty: 'EC',
    crv: 'P-256',
    x: coordinate(1),
    y: coordinate(33),
    d: scalar.toString('base64url'),
  };
  const privateKey: KeyObject = createPrivateKey({ key, format: 'jwk' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}
