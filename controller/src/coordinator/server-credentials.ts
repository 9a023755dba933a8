import { ServerCredentials } from '@grpc/grpc-js';

/** What the coordinator shows, and whose clients it lets in; PEM. */
export interface CoordinatorTls {
  readonly certificate: string;
  readonly key: string;
  /** Authority that every client's certificate must come from. */
  readonly clientAuthority: string;
}

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
    super({ ...TLS_1_3, requestCert: true, rejectUnauthorized: true }, contextOf(tls));
  }

  _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}
