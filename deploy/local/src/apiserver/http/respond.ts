import type { ServerResponse } from 'node:http';
import type { StatusError } from '../status-error.js';

export function sendText(
  response: ServerResponse,
  code: number,
  text: string,
  type = 'application/json',
): void {
  if (response.headersSent) return;
  response.writeHead(code, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-cache, private',
  });
  // As a string the body goes out together with the head, in one system call.
  response.end(text);
}

export function sendJson(response: ServerResponse, code: number, value: unknown): void {
  sendText(response, code, JSON.stringify(value));
}

export function sendError(response: ServerResponse, error: StatusError): void {
  if (error.details.retryAfterSeconds !== undefined && !response.headersSent) {
    response.setHeader('Retry-After', String(error.details.retryAfterSeconds));
  }
  sendJson(response, error.code, error.toStatus());
}

/** Adds `Warning` headers, as RFC 7234 writes them; kubectl prints them. */
export function addWarnings(response: ServerResponse, warnings: string[]): void {
  if (warnings.length === 0 || response.headersSent) return;
  response.setHeader(
    'Warning',
    warnings.map((text) => `299 - ${JSON.stringify(text.replace(/[^\x20-\x7e]/g, '?'))}`),
  );
}
