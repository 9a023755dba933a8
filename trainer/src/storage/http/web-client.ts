import { EnvHttpProxyAgent, fetch as undiciFetch, type RequestInit, type Response } from 'undici';

/** Server silent for this long: the connection is given up. */
const SILENCE_MS = 30_000;
const CONNECT_MS = 15_000;
const USER_AGENT = 'tuneyard-trainer';

/** Sends a request. Behind it, proxies of the environment (`HTTPS_PROXY`, `NO_PROXY`) and limits on silence. */
export type WebClient = (url: string, init?: RequestInit) => Promise<Response>;
export type { Response, RequestInit };

export interface WebClientOptions {
  /** Milliseconds without a byte after which a request has failed. Default 30 s. */
  readonly silenceMs?: number;
}

export function createWebClient({ silenceMs = SILENCE_MS }: WebClientOptions = {}): WebClient {
  const dispatcher = new EnvHttpProxyAgent({
    headersTimeout: silenceMs,
    bodyTimeout: silenceMs,
    connect: { timeout: CONNECT_MS },
  });
  return (url, init = {}) => {
    const headers = { 'user-agent': USER_AGENT, ...(init.headers as Record<string, string> | undefined) };
    return undiciFetch(url, { dispatcher, ...init, headers });
  };
}
