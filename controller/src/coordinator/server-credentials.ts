import { ServerCredentials } from '@grpc/grpc-js';

/** What the coordinator shows, and whose clients it lets in; PEM. */
export interface CoordinatorTls {
  readonly certificate: string;
  readonly key: string;
  /** Authority that every client's certificate must come from. */
  readonly clientAuthority: string;
}

/** A client that has not shown its certificate by then is cut off. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
const TLS_1_3 = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' } as const;

const contextOf = ({ certificate, key, clientAuthority }: CoordinatorTls) => ({
  ...TLS_1_3,
  ca: [clientAuthority],
  cert: [certificate],
  key: [key],
});

/** TLS 1.3 and nothing below, with a client's certificate required. */
export class MutualTlsServerCredentials extends ServerCredentials {
  constructor(tls: CoordinatorTls) {
    const limits = { requestCert: true, rejectUnauthorized: true, handshakeTimeout: HANDSHAKE_TIMEOUT_MS };
    super({ ...TLS_1_3, ...limits }, contextOf(tls));
  }

  /** New connections see these from now on. */
  renew(tls: CoordinatorTls): void {
    this.updateSecureContextOptions(contextOf(tls));
  }

  _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}
