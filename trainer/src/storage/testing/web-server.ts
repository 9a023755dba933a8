import { createHash } from 'node:crypto';
import { FaultServer, sendFile } from './fault-server.js';

/** A web server with files, of which some ask for `Authorization`. */
export function startWebServer(
  files: Map<string, Buffer>,
  options: { readonly authorization?: string; readonly etags?: boolean } = {},
): Promise<FaultServer> {
  return FaultServer.start((server) => (request, response): void => {
    const fault = server().faultFor(request);
    const path = decodeURIComponent((request.url ?? '').split('?')[0] ?? '');
    const content = files.get(path.slice(1));
    const { authorization, etags = true } = options;
    if (authorization !== undefined && request.headers.authorization !== authorization) {
      return void response.writeHead(401).end();
    }
    if (content === undefined) return void response.writeHead(404).end();
    const etag = `"${createHash('md5').update(content).digest('hex')}"`;
    sendFile(request, response, content, { ...(etags ? { etag } : {}), fault });
  });
}
