import { checkServerIdentity, type PeerCertificate } from 'node:tls';

import { credentials, ServerCredentials, type ChannelCredentials, type ChannelOptions } from '@grpc/grpc-js';

/** A worker's certificates, PEM. Its certificate names the member id (DNS subject alternative name); the CA is the job's own. */
export interface TlsMaterial {
  readonly ca: Buffer;
  /** Authority of the coordinator's certificate; default: `ca`. */
  readonly coordinatorCa?: Buffer;
  readonly certificate: Buffer;
  readonly key: Buffer;
}

const TLS_VERSION = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' } as const;

/** For a service that only holders of a certificate of this CA may call; no TLS material = plaintext. */
export function serverCredentials(tls: TlsMaterial | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  return ServerCredentials.createSsl(tls.ca, [{ cert_chain: tls.certificate, private_key: tls.key }], true);
}

/** For calls to holders of such a certificate. */
export function channelCredentials(tls: TlsMaterial | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  return credentials.createSsl(tls.ca, tls.key, tls.certificate);
}

/** The name that the other side's certificate must have (a member id, or the coordinator's name), wherever it listens. */
export function nameOptions(tls: TlsMaterial | undefined, name: string): Partial<ChannelOptions> {
  return tls === undefined ? {} : { 'grpc.ssl_target_name_override': name, 'grpc.default_authority': name };
}

/** The same for node:http2. */
export function http2ServerOptions(tls: TlsMaterial): object {
  return {
    ...TLS_VERSION,
    ca: tls.ca,
    cert: tls.certificate,
    key: tls.key,
    requestCert: true,
    rejectUnauthorized: true,
  };
}

export function http2ClientOptions(tls: TlsMaterial, name: string): object {
  return {
    ...TLS_VERSION,
    ca: tls.ca,
    cert: tls.certificate,
    key: tls.key,
    ALPNProtocols: ['h2'],
    servername: name,
    checkServerIdentity: (_: string, certificate: PeerCertificate) => checkServerIdentity(name, certificate),
  };
}
