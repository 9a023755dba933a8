import { checkServerIdentity, createSecureContext, type PeerCertificate, type TlsOptions } from 'node:tls';

import { ChannelCredentials, credentials, ServerCredentials, type ChannelOptions } from '@grpc/grpc-js';

/** A worker's certificates, PEM. Its certificate names the member id (DNS subject alternative name); the CA is the job's own. */
export interface TlsMaterial {
  readonly ca: Buffer;
  /** Authority of the coordinator's certificate; default: `ca`. */
  readonly coordinatorCa?: Buffer;
  readonly certificate: Buffer;
  readonly key: Buffer;
}

/**
 * Who a worker is on its connections, with the certificates of now: newer ones replace those that are about to end.
 * Connections that stand keep what they were made with; new ones, of both directions, use the newer.
 */
export class TlsIdentity {
  readonly #listeners = new Set<() => void>();
  #material: TlsMaterial;
  #version = 0;

  constructor(material: TlsMaterial) {
    this.#material = material;
  }

  get current(): TlsMaterial {
    return this.#material;
  }

  /** Grows with every replacement. */
  get version(): number {
    return this.#version;
  }

  replace(material: TlsMaterial): void {
    this.#material = material;
    this.#version += 1;
    for (const listener of this.#listeners) listener();
  }

  /** @returns what ends it */
  onReplace(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

const TLS_1_3 = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' } as const;

const contextOf = ({ ca, certificate, key }: TlsMaterial) => ({ ...TLS_1_3, ca, cert: certificate, key });

const CLIENT_REQUIRED = { ...TLS_1_3, requestCert: true, rejectUnauthorized: true };

/** For a service that only holders of a certificate of this CA may call; no identity = plaintext. */
export function serverCredentials(identity: TlsIdentity | undefined): ServerCredentials {
  return identity === undefined
    ? ServerCredentials.createInsecure()
    : new IdentityServerCredentials(identity);
}

class IdentityServerCredentials extends ServerCredentials {
  constructor(identity: TlsIdentity) {
    super(CLIENT_REQUIRED, contextOf(identity.current));
    identity.onReplace(() => this.updateSecureContextOptions(contextOf(identity.current)));
  }

  _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

/** For calls to holders of such a certificate, with the certificates of now. */
export const channelCredentials = (identity: TlsIdentity | undefined): ChannelCredentials =>
  identity === undefined ? credentials.createInsecure() : trusting(identity.current);

/** For calls to the coordinator. */
export const coordinatorCredentials = (identity: TlsIdentity | undefined): ChannelCredentials =>
  identity === undefined
    ? credentials.createInsecure()
    : trusting({ ...identity.current, ca: identity.current.coordinatorCa ?? identity.current.ca });

const trusting = (material: TlsMaterial) =>
  ChannelCredentials.createFromSecureContext(createSecureContext(contextOf(material)));

/** The name that the other side's certificate must have (a member id, or the coordinator's name), wherever it listens. */
export function nameOptions(identity: TlsIdentity | undefined, name: string): Partial<ChannelOptions> {
  return identity === undefined
    ? {}
    : { 'grpc.ssl_target_name_override': name, 'grpc.default_authority': name };
}

/** The same for node:http2. */
export const http2ServerOptions = (material: TlsMaterial): TlsOptions => ({
  ...CLIENT_REQUIRED,
  ...contextOf(material),
});

export function http2ClientOptions(material: TlsMaterial, name: string): object {
  return {
    ...contextOf(material),
    ALPNProtocols: ['h2'],
    servername: name,
    checkServerIdentity: (_: string, certificate: PeerCertificate) => checkServerIdentity(name, certificate),
  };
}
