import { UserError } from '../errors.js';

/** The scheme of an address, without `://`; '' for a plain path. */
export function schemeOf(uri: string): string {
  return /^([a-z][a-z0-9+.-]*):\/\//i.exec(uri)?.[1]?.toLowerCase() ?? '';
}

/** The address as it may be printed: query strings can be signatures, and user names come with passwords. */
export function shown(uri: string): string {
  return uri.replace(/^(https?:\/\/)[^/@]*@/i, '$1').replace(/[?#].*$/s, '');
}

export interface PinnedAddress {
  readonly uri: string;
  /** From `#sha256=<hex>`: what a single file must hash to. */
  readonly sha256: string | undefined;
}

/** Takes `#sha256=…` off an address. @throws UserError for another fragment */
export function splitPin(uri: string): PinnedAddress {
  const at = uri.indexOf('#');
  if (at < 0) return { uri, sha256: undefined };
  const sha256 = /^sha256=([0-9a-f]{64})$/i.exec(uri.slice(at + 1))?.[1]?.toLowerCase();
  if (sha256 === undefined) {
    throw new UserError(
      `${shown(uri)}: what follows "#" must be sha256= and 64 hexadecimal digits, the digest of the file`,
    );
  }
  return { uri: uri.slice(0, at), sha256 };
}

const MOST_PATH_LENGTH = 1024;

/**
 * A path that a server named, checked to stay below the folder that it is written to.
 * @throws UserError naming the address
 */
export function safePath(path: string, uri: string): string {
  const parts = path.split('/');
  const bad = parts.some((part) => part === '' || part === '.' || part === '..' || part.length > 255);
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (bad || path.length > MOST_PATH_LENGTH || /[\\\u0000-\u001f]/.test(path)) {
    throw new UserError(
      `${shown(uri)}: it holds a file named ${JSON.stringify(path.slice(0, 80))}, which is no path below a folder; nothing is fetched`,
    );
  }
  return path;
}

/**
 * Which paths below an address are meant: itself as a file, everything below it as a folder, or what its `*` match
 * (`*` stands for any characters but `/`). The empty path means everything.
 */
export function pathMatcher(pattern: string): (path: string) => boolean {
  if (pattern === '') return () => true;
  if (!pattern.includes('*')) return (path) => path === pattern || path.startsWith(`${pattern}/`);
  const segments = pattern.split('/');
  return (path) => {
    const names = path.split('/');
    return (
      names.length === segments.length &&
      segments.every((segment, index) => matchesSegment(segment, names[index] ?? ''))
    );
  };
}

/** In one pass: with many `*`, a regular expression would try them all against each other. */
function matchesSegment(segment: string, name: string): boolean {
  const [first = '', ...others] = segment.split('*');
  const last = others.pop();
  if (last === undefined) return name === first;
  if (!name.startsWith(first)) return false;
  let end = first.length;
  for (const part of others) {
    const at = name.indexOf(part, end);
    if (at < 0) return false;
    end = at + part.length;
  }
  return name.length >= end + last.length && name.endsWith(last);
}

/** The folder that surely holds all that a pattern means: what is before its first `*`, up to the last `/`. */
export function folderBefore(pattern: string): string {
  const head = pattern.split('*', 1)[0] ?? '';
  return pattern === head ? pattern : head.slice(0, Math.max(0, head.lastIndexOf('/')));
}
