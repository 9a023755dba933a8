import { createHash } from 'node:crypto';
import { FaultServer, sendFile } from './fault-server.js';

export interface HubRepository {
  /** Commit to its files. */
  readonly commits: Map<string, Map<string, Buffer>>;
  /** Branch or tag to commit. */
  readonly refs: Map<string, string>;
  /** Without it the repository is hidden. */
  readonly token?: string;
  /** With a token, but without its terms accepted. */
  readonly gated?: boolean;
}

/** Files from this size on are kept as LFS objects, with a sha256 of their own. */
const LFS_BYTES = 1000;

/** The part of the Hugging Face hub that is needed to read repositories: revision, paged tree, resolve with a redirect. */
export function startHubServer(repositories: Map<string, HubRepository>): Promise<FaultServer> {
  return FaultServer.start((server) => (request, response): void => {
    const fault = server().faultFor(request);
    const url = new URL(request.url ?? '', server().url);
    const json = (status: number, value: unknown, headers: Record<string, string> = {}) =>
      void response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(JSON.stringify(value));
    // The content lies elsewhere, behind a signed address, and must be asked for without the token.
    const [, cdn] = /^\/cdn\/(.+)$/.exec(url.pathname) ?? [];
    if (cdn !== undefined) {
      if (url.searchParams.get('signature') !== 'good') return json(403, { error: 'expired' });
      const [key = '', commit = '', ...path] = cdn.split('/').map(decodeURIComponent);
      const content = repositories.get(key)?.commits.get(commit)?.get(path.join('/'));
      return content === undefined ? json(404, {}) : sendFile(request, response, content, { fault });
    }
    const asked =
      /^\/api\/(model|dataset)s\/([^/]+\/[^/]+)\/(revision|tree)\/([^/]+)(?:\/(.*))?$/.exec(url.pathname) ??
      /^\/(?:(dataset)s\/)?([^/]+\/[^/]+)\/(resolve)\/([^/]+)\/(.*)$/.exec(url.pathname);
    if (asked === null) return json(404, { error: 'no such page' });
    const [, type = 'model', name = '', what, revision = '', path = ''] = asked;
    const key = type === 'dataset' ? `datasets/${name}` : name;
    const repository = repositories.get(key);
    if (fault?.kind === 'status') return json(fault.status, { error: 'trouble' }, { 'retry-after': '0' });
    const authorized =
      repository?.token === undefined || request.headers.authorization === `Bearer ${repository.token}`;
    if (repository === undefined || !authorized) return json(401, { error: 'Repository not found' });
    const wanted = decodeURIComponent(revision);
    const commit = repository.commits.has(wanted) ? wanted : repository.refs.get(wanted);
    const files = commit === undefined ? undefined : repository.commits.get(commit);
    if (commit === undefined || files === undefined) return json(404, { error: 'Invalid rev id' });
    if (what === 'revision')
      return json(200, { _id: '1', id: name, sha: commit, lastModified: '2026-01-01T00:00:00Z' });
    if (repository.gated === true) return json(403, { error: 'Access to this repository is restricted' });
    if (what === 'resolve') {
      const at = [key, commit, ...decodeURIComponent(path).split('/')].map(encodeURIComponent).join('/');
      return void response
        .writeHead(302, {
          location: `${server().url.replace('127.0.0.1', 'localhost')}/cdn/${at}?signature=good`,
        })
        .end();
    }
    return sendTree();

    function sendTree(): void {
      const folder = decodeURIComponent(path);
      const recursive = url.searchParams.get('recursive') === 'true';
      const all = [...files!]
        .filter(([file]) => folder === '' || file.startsWith(`${folder}/`))
        .filter(([file]) => recursive || !file.slice(folder === '' ? 0 : folder.length + 1).includes('/'))
        .map(([file, content]) => entryOf(file, content));
      if (all.length === 0) return json(404, { error: 'path not found' });
      // Two entries a page.
      const from = Number(url.searchParams.get('cursor') ?? 0);
      const next = new URL(url);
      next.searchParams.set('cursor', String(from + 2));
      json(
        200,
        all.slice(from, from + 2),
        from + 2 < all.length ? { link: `<${next.href}>; rel="next"` } : {},
      );
    }
  });
}

function entryOf(path: string, content: Buffer): object {
  const oid = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
  const entry = { type: 'file', path, size: content.length, oid };
  if (content.length < LFS_BYTES) return entry;
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { ...entry, lfs: { oid: sha256, size: content.length, pointerSize: 130 } };
}
