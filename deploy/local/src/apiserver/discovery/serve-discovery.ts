import type { ServerResponse } from 'node:http';
import { sendJson, sendText } from '../http/respond.js';
import type { ResourceRegistry } from '../resources/resource-registry.js';
import { aggregatedDiscovery, groupInfo, groupList, resourceList } from './group-discovery.js';

const version = {
  major: '1',
  minor: '32',
  gitVersion: 'v1.32.4+tuneyard',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '2025-04-22T16:03:58Z',
  goVersion: 'none',
  compiler: 'node',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
};

/** Form of the aggregated discovery document that the client accepts, or undefined for the old documents. */
function aggregatedVersion(accept: string | undefined): string | undefined {
  for (const range of (accept ?? '').split(',')) {
    if (!range.includes('as=APIGroupDiscoveryList')) continue;
    if (/v=v2(;|$)/.test(range.trim())) return 'v2';
    if (range.includes('v=v2beta1')) return 'v2beta1';
  }
  return undefined;
}

/** Answers /version, /api, /apis and what lies directly below; false when the path is something else. */
export function serveDiscovery(
  registry: ResourceRegistry,
  path: string,
  accept: string | undefined,
  response: ServerResponse,
): boolean {
  const parts = path.split('/').filter(Boolean);
  if (path === '/version') sendJson(response, 200, version);
  else if (parts[0] === 'api' && parts.length === 1) serveRoot(registry, true, accept, response);
  else if (parts[0] === 'apis' && parts.length === 1) serveRoot(registry, false, accept, response);
  else {
    const document =
      parts[0] === 'api' && parts.length === 2
        ? resourceList(registry, '', parts[1]!)
        : parts[0] === 'apis' && parts.length === 2
          ? groupInfo(registry, parts[1]!)
          : parts[0] === 'apis' && parts.length === 3
            ? resourceList(registry, parts[1]!, parts[2]!)
            : undefined;
    if (!document) return false;
    sendJson(response, 200, document);
  }
  return true;
}

function serveRoot(
  registry: ResourceRegistry,
  core: boolean,
  accept: string | undefined,
  response: ServerResponse,
): void {
  const form = aggregatedVersion(accept);
  if (form) {
    const apiVersion = `apidiscovery.k8s.io/${form}`;
    const type = `application/json;g=apidiscovery.k8s.io;v=${form};as=APIGroupDiscoveryList`;
    sendText(response, 200, JSON.stringify(aggregatedDiscovery(registry, core, apiVersion)), type);
  } else if (core) {
    sendJson(response, 200, { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] });
  } else {
    sendJson(response, 200, groupList(registry));
  }
}
