import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { getObject } from '../crud/update-object.js';
import type { ApiServer } from '../http/api-server.js';
import { at, objectsOf, stringOr } from '../json.js';
import type { KubeObject } from '../kube-object.js';
import type { ResourceType } from '../resources/resource-type.js';
import { badRequest, StatusError } from '../status-error.js';

const passed = ['follow', 'previous', 'sinceSeconds', 'sinceTime', 'timestamps', 'tailLines', 'limitBytes'];

/** The container a log request means: the named one, or the only one. Throws StatusError 400. */
function containerOf(pod: KubeObject, wanted: string | null): string {
  const containers = [
    ...objectsOf(at(pod, 'spec', 'containers')),
    ...objectsOf(at(pod, 'spec', 'initContainers')),
  ];
  const names = containers.map((container) => stringOr(container['name'], ''));
  const { name } = pod.metadata;
  if (wanted) {
    if (names.includes(wanted)) return wanted;
    throw badRequest(`container ${wanted} is not valid for pod ${name}`);
  }
  const main = objectsOf(at(pod, 'spec', 'containers')).map((container) => stringOr(container['name'], ''));
  if (main.length === 1) return main[0]!;
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${names.join(' ')}]`);
}

/** Where the node's kubelet listens; undefined when the node does not say. */
function kubeletOf(
  server: ApiServer,
  nodeName: string,
): { host: string; port: number; plain: boolean } | undefined {
  const node = server.store.bucket('/nodes').get('', nodeName);
  const port = at(node, 'status', 'daemonEndpoints', 'kubeletEndpoint', 'Port');
  const addresses = objectsOf(at(node, 'status', 'addresses'));
  const address = addresses.find((entry) => entry['type'] === 'InternalIP') ?? addresses[0];
  if (typeof port !== 'number' || !address) return undefined;
  return { host: stringOr(address['address'], '127.0.0.1'), port, plain: false };
}

/** Proxies a log request to the kubelet of the pod's node, as a real API server does. */
export async function servePodLog(
  server: ApiServer,
  type: ResourceType,
  namespace: string,
  name: string,
  query: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  const pod = getObject(server, type, namespace, name);
  const container = containerOf(pod, query.get('container'));
  const nodeName = stringOr(at(pod, 'spec', 'nodeName'), '');
  if (!nodeName) {
    // A pod that is not bound has no log yet.
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.end();
    return;
  }
  const kubelet = kubeletOf(server, nodeName);
  if (!kubelet)
    throw new StatusError(
      503,
      'ServiceUnavailable',
      `node "${nodeName}" does not say where its kubelet listens`,
    );
  const parameters = new URLSearchParams();
  for (const key of passed) {
    const value = query.get(key);
    if (value !== null) parameters.set(key, value);
  }
  const path = `/containerLogs/${namespace}/${name}/${container}?${parameters.toString()}`;
  await proxy(kubelet, path, response);
}

function proxy(
  kubelet: { host: string; port: number; plain: boolean },
  path: string,
  response: ServerResponse,
): Promise<void> {
  const { host, port, plain } = kubelet;
  return new Promise((resolve, reject) => {
    // Kubelets serve self-signed certificates; a real API server does not verify them either unless it is told to.
    const options = { host, port, path, agent: false as const, rejectUnauthorized: false };
    const upstream = (plain ? httpRequest : httpsRequest)(options, (answer) => {
      if (answer.statusCode !== 200) {
        void refusalOf(answer).then(reject);
        return;
      }
      response.writeHead(answer.statusCode ?? 502, {
        'content-type': answer.headers['content-type'] ?? 'text/plain',
      });
      response.flushHeaders();
      answer.pipe(response);
      answer.on('end', () => resolve());
      answer.on('error', () => response.destroy());
    });
    response.on('close', () => {
      upstream.destroy();
      resolve();
    });
    upstream.on('error', (error) => {
      reject(new StatusError(500, 'InternalError', `Get "https://${host}:${port}${path}": ${error.message}`));
    });
    upstream.end();
  });
}

const longestRefusal = 2048;

/** What the kubelet says in plain text, as a Status. */
async function refusalOf(answer: IncomingMessage): Promise<StatusError> {
  answer.setEncoding('utf8');
  let text = '';
  try {
    for await (const chunk of answer as AsyncIterable<string>) {
      text += chunk;
      if (text.length > longestRefusal) break;
    }
  } catch {
    // What has come so far has to do.
  }
  const code = answer.statusCode ?? 500;
  const reason = code === 400 ? 'BadRequest' : code === 404 ? 'NotFound' : 'InternalError';
  return new StatusError(
    code,
    reason,
    text.slice(0, longestRefusal).trim() || `the kubelet answered ${code}`,
  );
}
