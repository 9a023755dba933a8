import { getObject, updateObject } from '../crud/update-object.js';
import type { ResourceType } from '../resources/resource-type.js';
import { bindPod } from '../subresources/bind-pod.js';
import { evictPod } from '../subresources/evict-pod.js';
import { servePodLog } from '../subresources/pod-log.js';
import { patchScale, readScale, writeScale } from '../subresources/scale.js';
import { issueServiceAccountToken } from '../subresources/service-account-token.js';
import { methodNotAllowed, noSuchPath } from '../status-error.js';
import type { ApiServer } from './api-server.js';
import { mediaType, parseBody, readBody } from './body.js';
import { bodyOf, patch, sendObject, writeOptions, type ResourceRequest } from './resource-request.js';
import { sendJson } from './respond.js';

const created = (): object => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  code: 201,
});

/** Requests below an object: status, scale, log, binding, eviction, token, finalize. */
export async function handleSubresource(
  server: ApiServer,
  call: ResourceRequest,
  type: ResourceType,
): Promise<void> {
  const { method, response, target } = call;
  const { name, subresource } = target;
  const namespace = type.namespaced ? target.namespace : '';
  if (!subresource || name === undefined || namespace === undefined) throw noSuchPath();
  if (!type.subresources.includes(subresource)) throw noSuchPath();
  switch (`${method} ${subresource}`) {
    case 'GET status':
      return await sendObject(server, call, type, 200, getObject(server, type, namespace, name));
    case 'PUT status':
    case 'PUT finalize': {
      const options = { ...writeOptions(call), subresource: subresource === 'status' ? 'status' : undefined };
      const object = updateObject(server, type, namespace, name, await bodyOf(call), options);
      return await sendObject(server, call, type, 200, object, options.warnings);
    }
    case 'PATCH status':
      return await patch(server, call, type, namespace, name, 'status');
    case 'GET scale':
      return sendJson(response, 200, readScale(server, type, namespace, name));
    case 'PUT scale':
      return sendJson(
        response,
        200,
        writeScale(server, type, namespace, name, await bodyOf(call), writeOptions(call)),
      );
    case 'PATCH scale': {
      const contentType = mediaType(call.request.headers['content-type']);
      const body = parseBody(await readBody(call.request), contentType);
      return sendJson(
        response,
        200,
        patchScale(server, type, namespace, name, contentType, body, writeOptions(call)),
      );
    }
    case 'POST binding':
      bindPod(server, type, namespace, name, await bodyOf(call), writeOptions(call));
      return sendJson(response, 201, created());
    case 'POST eviction':
      evictPod(server, type, namespace, name, await bodyOf(call), writeOptions(call));
      return sendJson(response, 201, created());
    case 'POST token':
      return sendJson(
        response,
        201,
        issueServiceAccountToken(server, type, { namespace, name }, await bodyOf(call), writeOptions(call)),
      );
    case 'GET log':
      return await servePodLog(server, type, namespace, name, call.query, response);
    default:
      throw methodNotAllowed();
  }
}
