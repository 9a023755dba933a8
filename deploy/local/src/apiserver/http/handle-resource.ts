import { createObject } from '../crud/create-object.js';
import { deleteObject, parseDeleteOptions } from '../crud/delete-object.js';
import { listObjects } from '../crud/list-objects.js';
import { getObject, updateObject } from '../crud/update-object.js';
import { toServed } from '../crud/versions.js';
import type { ResourceType } from '../resources/resource-type.js';
import { badRequest, methodNotAllowed, noSuchPath } from '../status-error.js';
import { serveWatch } from '../watch/serve-watch.js';
import type { ApiServer } from './api-server.js';
import { mediaType, parseObject, readBody } from './body.js';
import { encodeList } from './encode.js';
import { handleSubresource } from './handle-subresource.js';
import { negotiate } from './negotiate.js';
import {
  bodyOf,
  includeOf,
  isTrue,
  patch,
  sendObject,
  writeOptions,
  type ResourceRequest,
} from './resource-request.js';
import { sendJson, sendText } from './respond.js';

/** Create, read, list, watch, update, patch and delete of stored resources. */
export async function handleResource(server: ApiServer, call: ResourceRequest): Promise<void> {
  const { target, method } = call;
  const type = server.registry.find(target.group, target.version, target.resource);
  if (!type) throw noSuchPath();
  if (target.namespace !== undefined && !type.namespaced) throw noSuchPath();
  if (target.subresource !== undefined) return await handleSubresource(server, call, type);
  if (target.name === undefined) {
    if (method === 'GET') return listOrWatch(server, call, type);
    if (method === 'POST') return await create(server, call, type);
    if (method === 'DELETE') return await deleteCollection(server, call, type);
    throw methodNotAllowed();
  }
  const namespace = type.namespaced ? target.namespace : '';
  if (namespace === undefined) throw noSuchPath();
  switch (method) {
    case 'GET':
      if (isTrue(call.query.get('watch'))) return listOrWatch(server, call, type);
      return await sendObject(server, call, type, 200, getObject(server, type, namespace, target.name));
    case 'PUT': {
      const options = writeOptions(call);
      const object = updateObject(server, type, namespace, target.name, await bodyOf(call), options);
      return await sendObject(server, call, type, 200, object, options.warnings);
    }
    case 'PATCH':
      return await patch(server, call, type, namespace, target.name);
    case 'DELETE':
      return await remove(server, call, type, namespace, target.name);
    default:
      throw methodNotAllowed();
  }
}

function listOrWatch(server: ApiServer, call: ResourceRequest, type: ResourceType): void {
  const { query, request, response, target } = call;
  const encoding = negotiate(request.headers.accept);
  const include = includeOf(query);
  if (isTrue(query.get('watch'))) {
    if (target.name !== undefined) query.set('fieldSelector', `metadata.name=${target.name}`);
    const { bookmarkSeconds } = server;
    serveWatch(
      server,
      server.hub,
      { type, namespace: target.namespace, query, encoding, include, bookmarkSeconds },
      response,
    );
    return;
  }
  const list = listObjects(server, type, target.namespace, query);
  sendText(response, 200, encodeList(type, list, encoding, include, server.now()));
}

async function create(server: ApiServer, call: ResourceRequest, type: ResourceType): Promise<void> {
  const body = await bodyOf(call);
  const namespace = type.namespaced ? call.target.namespace : '';
  if (namespace === undefined) throw badRequest('an empty namespace may not be set during creation');
  const options = writeOptions(call);
  const object = createObject(server, type, namespace, body, options);
  await sendObject(server, call, type, 201, object, options.warnings);
}

async function remove(
  server: ApiServer,
  call: ResourceRequest,
  type: ResourceType,
  namespace: string,
  name: string,
): Promise<void> {
  const bytes = await readBody(call.request);
  const body =
    bytes.length > 0 ? parseObject(bytes, mediaType(call.request.headers['content-type'])) : undefined;
  const options = { ...parseDeleteOptions(body, call.query), user: call.user };
  const { gone, object } = deleteObject(server, type, namespace, name, options);
  await server.store.journal?.durable();
  if (!gone || type.resource === 'pods') return await sendObject(server, call, type, 200, object);
  sendJson(call.response, 200, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name,
      ...(type.group ? { group: type.group } : {}),
      kind: type.resource,
      uid: object.metadata.uid,
    },
  });
}

async function deleteCollection(server: ApiServer, call: ResourceRequest, type: ResourceType): Promise<void> {
  const bytes = await readBody(call.request);
  const body =
    bytes.length > 0 ? parseObject(bytes, mediaType(call.request.headers['content-type'])) : undefined;
  const options = { ...parseDeleteOptions(body, call.query), user: call.user };
  const list = listObjects(server, type, call.target.namespace, call.query);
  for (const object of list.items) {
    deleteObject(server, type, object.metadata.namespace ?? '', object.metadata.name, options);
  }
  await server.store.journal?.durable();
  const items = list.items.map((object) => toServed(type, object));
  sendText(call.response, 200, encodeList(type, { ...list, items }, 'json', 'None', server.now()));
}
