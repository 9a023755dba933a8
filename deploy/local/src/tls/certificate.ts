import { createPrivateKey } from 'node:crypto';
import {
  keyText,
  newKeyPair,
  signCertificate,
  type Purpose,
  type Signer,
} from '@tuneyard/controller/certificates';

export interface CertificateRequest {
  commonName: string;
  /** Groups of a client, as Kubernetes reads them from the organization. */
  organizations?: string[];
  /** DNS names and IP addresses that a server answers to. */
  hosts?: string[];
  usage: 'authority' | Purpose;
  /** Lifetime in days; default 365. */
  days?: number;
}

export interface Certificate {
  /** PEM. */
  certificate: string;
  /** PEM, PKCS #8. */
  key: string;
}

export interface Authority extends Certificate, Signer {}

const DAY_MS = 86_400_000;

/** Makes a key and a certificate; self-signed when there is no authority. */
export function issueCertificate(request: CertificateRequest, authority?: Authority): Authority {
  const { usage, days = 365, ...names } = request;
  const now = Date.now();
  const keys = newKeyPair();
  const self = { commonName: request.commonName, privateKey: keys.privateKey };
  const content = {
    ...names,
    ...(usage === 'authority' ? { authority: { pathLength: 0 } } : { purposes: [usage] }),
    validFrom: now - DAY_MS / 24,
    validTo: now + days * DAY_MS,
  };
  const certificate = signCertificate(content, keys.publicKey, authority ?? self);
  return { ...self, certificate, key: keyText(keys) };
}

/** An authority from its PEM parts, as `issueCertificate` returned them. */
export const restoreAuthority = (commonName: string, parts: Certificate): Authority => ({
  commonName,
  ...parts,
  privateKey: createPrivateKey(parts.key),
});
