import { EnvHttpProxyAgent, fetch as undiciFetch, type RequestInit, type Response } from 'undici';
import { UserError } from '../../errors.js';
import { shown } from '../address.js';

/** Server silent for this long: the connection is given up. */
const SILENCE_MS = 30_000;
const CONNECT_MS = 15_000;
const USER_AGENT = 'tuneyard-trainer';
const MOST_REDIRECTS = 10;

/** Headers that do not tell who asks. Signatures and tokens have many names, so these go along and no others. */
const ANONYMOUS_HEADERS = new Set([
  'accept',
  'accept-encoding',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'range',
  'user-agent',
]);

/**
 * Sends a request. Behind it, proxies of the environment (`HTTPS_PROXY`, `NO_PROXY`), limits on silence, and redirects
 * of GET and HEAD: credentials stay with the origin (scheme, host, port) that they were given for, and what was asked
 * for encrypted is not fetched in the clear.
 * @throws UserError for a redirect from https to another scheme
 */
export type WebClient = (url: string, init?: RequestInit) => Promise<Response>;
export type { Response, RequestInit };

export interface WebClientOptions {
  /** Milliseconds without a byte after which a request has failed. Default 30 s. */
  readonly silenceMs?: number;
  /** PEM of the only authority of certificates that is trusted. Default: those of Node. */
  readonly authority?: string;
}

export function createWebClient({ silenceMs = SILENCE_MS, authority }: WebClientOptions = {}): WebClient {
  const dispatcher = new EnvHttpProxyAgent({
    headersTimeout: silenceMs,
    bodyTimeout: silenceMs,
    connect: { timeout: CONNECT_MS, ...(authority === undefined ? {} : { ca: authority }) },
  });
  return async (url, init = {}) => {
    let headers: Record<string, string> = {
      'user-agent': USER_AGENT,
      ...(init.headers as Record<string, string> | undefined),
    };
    let address = url;
    for (let redirects = 0; ; redirects++) {
      const response = await undiciFetch(address, {
        dispatcher,
        ...init,
        redirect: init.redirect === 'error' ? 'error' : 'manual',
        headers,
      });
      const target = redirectOf(response, address, init);
      if (target === undefined || redirects >= MOST_REDIRECTS) return response;
      await response.body?.cancel();
      if (new URL(address).protocol === 'https:' && target.protocol !== 'https:')
        throw new UserError(`${shown(url)}: leads to an address that is not encrypted; it is not followed`);
      if (target.origin !== new URL(address).origin)
        headers = Object.fromEntries(
          Object.entries(headers).filter(([name]) => ANONYMOUS_HEADERS.has(name.toLowerCase())),
        );
      address = target.href;
    }
  };
}

/** Where an answer sends a request that may be sent again; undefined for any other answer. */
function redirectOf(response: Response, address: string, { method, redirect }: RequestInit): URL | undefined {
  const location = response.headers.get('location');
  if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return undefined;
  if (redirect !== undefined && redirect !== 'follow') return undefined;
  if (!['GET', 'HEAD'].includes(method?.toUpperCase() ?? 'GET')) return undefined;
  const target = URL.canParse(location, address) ? new URL(location, address) : undefined;
  return target !== undefined && /^https?:$/.test(target.protocol) ? target : undefined;
}
