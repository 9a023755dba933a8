import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { bits, boolean, implicit, integer, octets, oid, sequence, set, tagged, time, utf8 } from './der.js';

/** What a certificate says, beside who signs it. */
export interface CertificateContent {
  readonly commonName: string;
  /** Groups of a client, as Kubernetes reads them from the organization. */
  readonly organizations?: readonly string[];
  /** DNS names and IP addresses that its holder answers to. */
  readonly hosts?: readonly string[];
  /** Ends of a connection that its holder may be; of an authority: that those whom it signs may be. Default: any. */
  readonly purposes?: readonly Purpose[];
  /** It signs certificates: of further authorities, when `pathLength` is not 0. Default: it signs none. */
  readonly authority?: { readonly pathLength: number };
  /** Milliseconds since 1970. */
  readonly validFrom: number;
  readonly validTo: number;
}

export type Purpose = 'client' | 'server';

/** Who signs. */
export interface Signer {
  readonly commonName: string;
  readonly privateKey: KeyObject;
}

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
/** id-ecPublicKey on prime256v1. */
const P256_KEY = sequence(oid('1.2.840.10045.2.1'), oid('1.2.840.10045.3.1.7'));
const UNCOMPRESSED = Buffer.from([4]);
const PURPOSES = { server: oid('1.3.6.1.5.5.7.3.1'), client: oid('1.3.6.1.5.5.7.3.2') };
const CRITICAL = boolean(true);

/** An ECDSA key on P-256. */
export const newKeyPair = (): KeyPair => generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

/**
 * PKCS #8 (RFC 5958, RFC 5915), PEM. OpenSSL's encoders of keys take longer than making the key, and a key is made for
 * every worker; the numbers alone are read at little cost.
 */
export function keyText({ privateKey }: KeyPair): string {
  const scalar = octets(Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url'));
  const ofCurve = sequence(integer(Buffer.from([1])), scalar, tagged(1, bits(pointOf(privateKey))));
  return pem('PRIVATE KEY', sequence(integer(Buffer.from([0])), P256_KEY, octets(ofCurve)));
}

/** SubjectPublicKeyInfo (RFC 5480). */
const publicKeyInfo = (publicKey: KeyObject): Buffer => sequence(P256_KEY, bits(pointOf(publicKey)));

/** Uncompressed, as SEC 1, 2.3.3 writes it: 4, x, y. */
function pointOf(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  return Buffer.concat([UNCOMPRESSED, Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
}

/** An X.509 certificate (RFC 5280) of `publicKey`, PEM. */
export function signCertificate(content: CertificateContent, publicKey: KeyObject, signer: Signer): string {
  const serial = randomBytes(16);
  serial[0] = (serial[0] ?? 0) & 0x7f;
  const body = sequence(
    tagged(0, integer(Buffer.from([2]))),
    integer(serial),
    ECDSA_SHA256,
    distinguishedName(signer.commonName),
    sequence(time(content.validFrom), time(content.validTo)),
    distinguishedName(content.commonName, content.organizations),
    publicKeyInfo(publicKey),
    extensions(content),
  );
  const signature = sign('sha256', body, signer.privateKey);
  return pem('CERTIFICATE', sequence(body, ECDSA_SHA256, bits(signature)));
}

function distinguishedName(commonName: string, organizations: readonly string[] = []): Buffer {
  const part = (type: string, value: string): Buffer => set(sequence(oid(type), utf8(value)));
  // A common name holds 64 characters at most; the names that count are the alternative ones.
  const common = part('2.5.4.3', commonName.slice(0, 64));
  return sequence(...organizations.map((value) => part('2.5.4.10', value)), common);
}

function extensions({ authority, purposes, hosts }: CertificateContent): Buffer {
  const constraints =
    authority === undefined
      ? sequence()
      : sequence(boolean(true), integer(Buffer.from([authority.pathLength])));
  // keyCertSign for an authority, digitalSignature for the others.
  const usage = authority === undefined ? bits(Buffer.from([0x80]), 7) : bits(Buffer.from([0x04]), 2);
  const list = [
    sequence(oid('2.5.29.19'), CRITICAL, octets(constraints)),
    sequence(oid('2.5.29.15'), CRITICAL, octets(usage)),
  ];
  if (purposes !== undefined) {
    const named = sequence(...purposes.map((purpose) => PURPOSES[purpose]));
    list.push(sequence(oid('2.5.29.37'), octets(named)));
  }
  if (hosts !== undefined && hosts.length > 0) {
    const names = hosts.map((host) =>
      isIP(host) ? implicit(7, ipBytes(host)) : implicit(2, Buffer.from(host, 'ascii')),
    );
    list.push(sequence(oid('2.5.29.17'), octets(sequence(...names))));
  }
  return tagged(3, sequence(...list));
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

const pem = (label: string, bytes: Buffer): string =>
  `-----BEGIN ${label}-----\n${bytes.toString('base64').replace(/.{64}/g, '$&\n').trimEnd()}\n-----END ${label}-----\n`;
