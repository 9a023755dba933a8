/** The parts of a resource URL: `/api/v1/namespaces/ns/pods/name/log` and its like. */
export interface ResourcePath {
  group: string;
  version: string;
  /** undefined: all namespaces, or a cluster-scoped resource. */
  namespace: string | undefined;
  resource: string;
  name: string | undefined;
  subresource: string | undefined;
}

/** Reads a path under /api or /apis; undefined when it names no resource (discovery and unknown paths). */
export function parseResourcePath(path: string): ResourcePath | undefined {
  const parts = path.split('/').filter(Boolean).map(safeDecode);
  const rest = parts[0] === 'api' ? parts.slice(2) : parts.slice(3);
  const group = parts[0] === 'api' ? '' : (parts[1] ?? '');
  const version = (parts[0] === 'api' ? parts[1] : parts[2]) ?? '';
  if ((parts[0] !== 'api' && parts[0] !== 'apis') || !version || rest.length === 0) return undefined;
  const isNamespaced = rest[0] === 'namespaces' && rest.length >= 3 && !isNamespaceSubresource(rest);
  const tail = isNamespaced ? rest.slice(2) : rest;
  if (tail.length > 3) return undefined;
  return {
    group,
    version,
    namespace: isNamespaced ? rest[1] : undefined,
    resource: tail[0]!,
    name: tail[1],
    subresource: tail[2],
  };
}

const isNamespaceSubresource = (rest: string[]): boolean =>
  rest.length === 3 && (rest[2] === 'status' || rest[2] === 'finalize');

function safeDecode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
