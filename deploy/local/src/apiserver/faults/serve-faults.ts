import type { IncomingMessage, ServerResponse } from 'node:http';
import type { User } from '../auth/user.js';
import type { ApiServer } from '../http/api-server.js';
import { mediaType, parseObject, readBody } from '../http/body.js';
import { sendJson } from '../http/respond.js';
import { forbidden, noSuchPath } from '../status-error.js';

/**
 * The test bench of the local server, for administrators:
 * `GET | POST | DELETE /tuneyard/v1/faults` lists, orders and clears faults;
 * `POST /tuneyard/v1/watches/cut` breaks open watches (`{"bucket": "/pods"}` for one resource);
 * `POST /tuneyard/v1/compact` forgets history, so that watches which resume get 410.
 */
export async function serveFaults(
  server: ApiServer,
  user: User,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!user.groups.includes('system:masters')) {
    throw forbidden(
      { group: 'tuneyard', resource: 'faults' },
      '',
      'only administrators may disturb the server',
    );
  }
  const bytes = await readBody(request);
  const body = bytes.length > 0 ? parseObject(bytes, mediaType(request.headers['content-type'])) : {};
  switch (`${request.method} ${path}`) {
    case 'GET /tuneyard/v1/faults':
      return sendJson(response, 200, { faults: server.faults.list() });
    case 'POST /tuneyard/v1/faults':
      return sendJson(response, 201, server.faults.order(body));
    case 'DELETE /tuneyard/v1/faults':
      server.faults.clear();
      return sendJson(response, 200, { faults: [] });
    case 'POST /tuneyard/v1/watches/cut':
      return sendJson(response, 200, {
        cut: server.hub.cut(typeof body['bucket'] === 'string' ? body['bucket'] : undefined),
      });
    case 'POST /tuneyard/v1/compact':
      server.store.compact();
      return sendJson(response, 200, { revision: server.store.revision });
    default:
      throw noSuchPath();
  }
}
