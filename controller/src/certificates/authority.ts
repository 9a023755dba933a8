// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs this polyfill before it is loaded
import 'reflect-metadata';
import { createECDH, hkdfSync, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  type Extension,
} from '@peculiar/x509';
import { CONTROLLER_AUTHORITY, COORDINATOR_NAME, jobAuthorityName } from './names.js';

const EC_P256 = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' };
/** Order of the group of P-256 (SEC 2, 2.4.2). */
const P256_ORDER = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
const HOUR_MS = 3_600_000;
/** Clocks of nodes differ. */
const BACKDATED_MS = HOUR_MS;
const AUTHORITY_YEARS = 10;
const AUTHORITY_MS = AUTHORITY_YEARS * 365 * 24 * HOUR_MS;

type Keys = webcrypto.CryptoKeyPair;

/** A certificate (chain) and its private key, PEM. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

/** A key that signs certificates under a name. */
export interface Authority {
  readonly name: string;
  readonly keys: Keys;
  /** Its own certificate, self-signed, PEM: what those who trust it are given. */
  readonly certificate: string;
}

/** A job's authority, and the certificate (PEM) by which who trusts the controller's authority can follow it. */
export interface JobAuthority extends Authority {
  readonly link: string;
}

/** A new authority for this installation of the controller. */
export async function createControllerAuthority(now: number): Promise<Authority & { readonly key: string }> {
  const keys = await webcrypto.subtle.generateKey(EC_P256, true, ['sign', 'verify']);
  const certificate = await authorityCertificate(CONTROLLER_AUTHORITY, keys, undefined, now, []);
  return { name: CONTROLLER_AUTHORITY, keys, certificate, key: await keyText(keys) };
}

/** The authority that {@link createControllerAuthority} made, from its PEM parts. @throws Error when they are damaged */
export async function restoreControllerAuthority({ certificate, key }: Identity): Promise<Authority> {
  const der = PemConverter.decodeFirst(key);
  const privateKey = await webcrypto.subtle.importKey('pkcs8', der, EC_P256, true, ['sign']);
  const { d } = await webcrypto.subtle.exportKey('jwk', privateKey);
  return { name: CONTROLLER_AUTHORITY, keys: await keysOf(Buffer.from(d ?? '', 'base64url')), certificate };
}

/**
 * The authority of one job. Its key follows from the controller's and the job's uid (HKDF-SHA256 of RFC 5869, reduced
 * as FIPS 186-5 A.2.1 says), so that it is stored nowhere, and every replica and every restart has the same one.
 */
export async function jobAuthority(controller: Authority, uid: string, now: number): Promise<JobAuthority> {
  const { d } = await webcrypto.subtle.exportKey('jwk', controller.keys.privateKey);
  const secret = Buffer.from(d ?? '', 'base64url');
  const bytes = Buffer.from(hkdfSync('sha256', secret, '', `tuneyard job authority 1 ${uid}`, 48));
  const scalar = (BigInt(`0x${bytes.toString('hex')}`) % (P256_ORDER - 1n)) + 1n;
  const keys = await keysOf(Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex'));
  const name = jobAuthorityName(uid);
  // Only clients: whoever gets hold of a job's key must not pass for the coordinator of another job.
  const clientsOnly = [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])];
  return {
    name,
    keys,
    certificate: await authorityCertificate(name, keys, undefined, now, []),
    link: await authorityCertificate(name, keys, controller, now, clientsOnly),
  };
}

/** A worker's certificate, for both ends of its connections, followed by the link of its job's authority. */
export async function issueWorkerIdentity(
  authority: JobAuthority,
  memberId: string,
  now: number,
  lifetimeMs: number,
): Promise<Identity> {
  const identity = await issue(authority, memberId, now, lifetimeMs, [
    ExtendedKeyUsage.clientAuth,
    ExtendedKeyUsage.serverAuth,
  ]);
  return { ...identity, certificate: `${identity.certificate}${authority.link}` };
}

/** The coordinator's certificate. */
export const issueCoordinatorIdentity = (controller: Authority, now: number, lifetimeMs: number) =>
  issue(controller, COORDINATOR_NAME, now, lifetimeMs, [ExtendedKeyUsage.serverAuth]);

async function issue(
  authority: Authority,
  name: string,
  now: number,
  lifetimeMs: number,
  usages: ExtendedKeyUsage[],
): Promise<Identity> {
  const keys = await webcrypto.subtle.generateKey(EC_P256, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.create({
    // A common name holds 64 characters at most; the name that counts is the alternative one.
    subject: [{ CN: [name.slice(0, 64)] }],
    issuer: [{ CN: [authority.name] }],
    notBefore: new Date(now - BACKDATED_MS),
    notAfter: new Date(now + lifetimeMs),
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
    signingAlgorithm: SIGNATURE,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension(usages),
      new SubjectAlternativeNameExtension([{ type: 'dns', value: name }]),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, key: await keyText(keys) };
}

async function authorityCertificate(
  name: string,
  keys: Keys,
  issuer: Authority | undefined,
  now: number,
  more: Extension[],
): Promise<string> {
  const isRoot = name === CONTROLLER_AUTHORITY;
  const certificate = await X509CertificateGenerator.create({
    subject: [{ CN: [name] }],
    issuer: [{ CN: [issuer?.name ?? name] }],
    notBefore: new Date(now - BACKDATED_MS),
    notAfter: new Date(now + AUTHORITY_MS),
    publicKey: keys.publicKey,
    signingKey: (issuer?.keys ?? keys).privateKey,
    signingAlgorithm: SIGNATURE,
    extensions: [
      // A job's authority signs workers, never further authorities.
      new BasicConstraintsExtension(true, isRoot ? 1 : 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
      ...more,
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

async function keysOf(scalar: Buffer): Promise<Keys> {
  const curve = createECDH('prime256v1');
  curve.setPrivateKey(scalar);
  const point = curve.getPublicKey();
  const publicJwk = {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  };
  const d = scalar.toString('base64url');
  const { subtle } = webcrypto;
  return {
    privateKey: await subtle.importKey('jwk', { ...publicJwk, d }, EC_P256, true, ['sign']),
    publicKey: await subtle.importKey('jwk', publicJwk, EC_P256, true, ['verify']),
  };
}

const keyText = async (keys: Keys) =>
  `${PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')}\n`;
