import { createPrivateKey, createSign, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { bits, boolean, implicit, integer, octets, oid, sequence, set, tagged, time, utf8 } from './der.js';

export interface CertificateRequest {
  commonName: string;
  /** Groups of a client, as Kubernetes reads them from the organization. */
  organizations?: string[];
  /** DNS names and IP addresses that a server answers to. */
  hosts?: string[];
  usage: 'authority' | 'server' | 'client';
  /** Lifetime in days; default 365. */
  days?: number;
}

export interface Certificate {
  /** PEM. */
  certificate: string;
  /** PEM, PKCS #8. */
  key: string;
}

export interface Authority extends Certificate {
  commonName: string;
  privateKey: KeyObject;
}

const ecdsaSha256 = sequence(oid('1.2.840.10045.4.3.2'));
const dayMilliseconds = 86_400_000;

function name(commonName: string, organizations: string[] = []): Buffer {
  const part = (type: string, value: string): Buffer => set(sequence(oid(type), utf8(value)));
  return sequence(...organizations.map((value) => part('2.5.4.10', value)), part('2.5.4.3', commonName));
}

function ipBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = address.split('::');
  const words = (text: string): number[] =>
    text ? text.split(':').map((word) => Number.parseInt(word, 16)) : [];
  const left = words(head);
  const right = tail === undefined ? [] : words(tail);
  const all = [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 0xff]));
}

function extensions(request: CertificateRequest): Buffer {
  const critical = boolean(true);
  const isAuthority = request.usage === 'authority';
  const list = [
    sequence(oid('2.5.29.19'), critical, octets(isAuthority ? sequence(boolean(true)) : sequence())),
    // Key usage: certificate and CRL signing for an authority, digital signature for the others.
    sequence(
      oid('2.5.29.15'),
      critical,
      octets(isAuthority ? bits(Buffer.from([0x06]), 1) : bits(Buffer.from([0x80]), 7)),
    ),
  ];
  if (!isAuthority) {
    const purpose = request.usage === 'server' ? '1.3.6.1.5.5.7.3.1' : '1.3.6.1.5.5.7.3.2';
    list.push(sequence(oid('2.5.29.37'), octets(sequence(oid(purpose)))));
  }
  if (request.hosts?.length) {
    const names = request.hosts.map((host) =>
      isIP(host) ? implicit(7, ipBytes(host)) : implicit(2, Buffer.from(host, 'ascii')),
    );
    list.push(sequence(oid('2.5.29.17'), octets(sequence(...names))));
  }
  return tagged(3, sequence(...list));
}

const pem = (label: string, bytes: Buffer): string =>
  `-----BEGIN ${label}-----\n${bytes.toString('base64').replace(/.{64}/g, '$&\n').trimEnd()}\n-----END ${label}-----\n`;

/** Makes an ECDSA P-256 key and an X.509 certificate (RFC 5280); self-signed when there is no authority. */
export function issueCertificate(request: CertificateRequest, authority?: Authority): Authority {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const now = Date.now();
  const serial = randomBytes(16);
  serial[0]! &= 0x7f;
  const subject = name(request.commonName, request.organizations);
  const body = sequence(
    tagged(0, integer(Buffer.from([2]))),
    integer(serial),
    ecdsaSha256,
    authority ? name(authority.commonName) : subject,
    sequence(time(now - dayMilliseconds / 24), time(now + (request.days ?? 365) * dayMilliseconds)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    extensions(request),
  );
  const signature = createSign('SHA256')
    .update(body)
    .sign(authority?.privateKey ?? privateKey);
  return {
    commonName: request.commonName,
    privateKey,
    certificate: pem('CERTIFICATE', sequence(body, ecdsaSha256, bits(signature))),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** An authority from its PEM parts, as `issueCertificate` returned them. */
export function restoreAuthority(commonName: string, parts: Certificate): Authority {
  return {
    commonName,
    certificate: parts.certificate,
    key: parts.key,
    privateKey: createPrivateKey(parts.key),
  };
}
