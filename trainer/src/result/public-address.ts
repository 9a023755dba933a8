import { basename } from 'node:path';
import { shown } from '../storage/index.js';

/** An address as it may be handed on: what only this machine or this claim knows is its name alone. */
export function publicAddress(uri: string): string {
  if (/^(hf|s3|https?):\/\//i.test(uri)) return shown(uri);
  const path = uri
    .replace(/^[a-z][a-z0-9+.-]*:\/\//i, '')
    .replace(/#.*$/s, '')
    .replace(/\/+$/, '');
  return basename(decoded(path)) || 'unnamed';
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
