import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { StatusError } from '../status-error.js';
import { anonymous, type User } from './user.js';

export interface ServiceAccountClaims {
  namespace: string;
  name: string;
  uid: string;
  audiences: string[];
  /** Seconds since the epoch. */
  expires: number;
}

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Finds out who makes a request: by bearer token, service account token or client certificate. */
export class Authenticator {
  private readonly tokens = new Map<string, User>();

  constructor(
    /** What requests without credentials are; undefined: they are refused with 401. */
    private readonly withoutCredentials: User | undefined,
    private readonly now: () => number,
    /** Signs service account tokens. */
    private readonly key: Buffer = randomBytes(32),
  ) {}

  addToken(token: string, user: User): void {
    this.tokens.set(token, user);
  }

  /** Throws StatusError 401 when credentials are missing or wrong. */
  authenticate(request: IncomingMessage): User {
    const header = request.headers.authorization;
    if (header) {
      const token = /^Bearer\s+(\S+)$/i.exec(header)?.[1];
      const user = token === undefined ? undefined : this.userOfToken(token);
      if (user) return user;
      throw unauthorized();
    }
    const user = certificateUser(request) ?? this.withoutCredentials;
    if (!user) throw unauthorized();
    return user;
  }

  userOfToken(token: string): User | undefined {
    return this.tokens.get(token) ?? this.serviceAccountOf(token);
  }

  /** Issues a signed token in the form of a JWT. */
  issueToken(claims: ServiceAccountClaims): string {
    const payload = {
      iss: 'https://kubernetes.default.svc',
      sub: `system:serviceaccount:${claims.namespace}:${claims.name}`,
      aud: claims.audiences,
      exp: claims.expires,
      'kubernetes.io': {
        namespace: claims.namespace,
        serviceaccount: { name: claims.name, uid: claims.uid },
      },
    };
    const body = `${base64url({ alg: 'HS256', typ: 'JWT' })}.${base64url(payload)}`;
    return `${body}.${this.sign(body)}`;
  }

  private sign(body: string): string {
    return createHmac('sha256', this.key).update(body).digest('base64url');
  }

  private serviceAccountOf(token: string): User | undefined {
    const [header, payload, signature, ...rest] = token.split('.');
    if (!header || !payload || !signature || rest.length > 0) return undefined;
    const wanted = Buffer.from(this.sign(`${header}.${payload}`));
    const given = Buffer.from(signature);
    if (wanted.length !== given.length || !timingSafeEqual(wanted, given)) return undefined;
    const claims: { sub: string; exp: number } = JSON.parse(
      Buffer.from(payload, 'base64url').toString('utf8'),
    );
    if (claims.exp * 1000 < this.now()) return undefined;
    const namespace = claims.sub.split(':')[2] ?? '';
    return {
      name: claims.sub,
      groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    };
  }
}

function certificateUser(request: IncomingMessage): User | undefined {
  const { socket } = request;
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  // Node leaves the subject out when the peer sent no certificate.
  const subject: { CN?: string | string[]; O?: string | string[] } | undefined =
    socket.getPeerCertificate().subject;
  const name = subject?.CN;
  if (typeof name !== 'string' || !name) return undefined;
  const organizations = [subject?.O ?? []].flat();
  return { name, groups: [...organizations, 'system:authenticated'] };
}

const unauthorized = (): StatusError => new StatusError(401, 'Unauthorized', 'Unauthorized');

export { anonymous };
