import { reviewWrite } from '../admission/write-review.js';
import type { WriteOptions } from '../crud/api-context.js';
import { getObject } from '../crud/update-object.js';
import type { ApiServer } from '../http/api-server.js';
import { arrayOr, at, type JsonObject } from '../json.js';
import { kubeTime } from '../kube-object.js';
import type { ResourceType } from '../resources/resource-type.js';

/** Answers a TokenRequest for a service account; lifetime 10 minutes to 1 day, by default an hour. */
export function issueServiceAccountToken(
  server: ApiServer,
  type: ResourceType,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  body: JsonObject,
  { dryRun, user, warnings }: WriteOptions,
): JsonObject {
  const account = getObject(server, type, namespace, name);
  reviewWrite(server, {
    operation: 'CREATE',
    type,
    namespace,
    name,
    subresource: 'token',
    kind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
    object: body,
    oldObject: null,
    dryRun,
    user,
    warnings,
  });
  const wanted = Number(at(body, 'spec', 'expirationSeconds') ?? 3600);
  const seconds = Math.min(86_400, Math.max(600, wanted));
  const expires = Math.floor(server.now() / 1000) + seconds;
  const audiences = arrayOr(at(body, 'spec', 'audiences')).map(String);
  const aud = audiences.length > 0 ? audiences : ['https://kubernetes.default.svc'];
  const token = server.authenticator.issueToken({
    namespace,
    name,
    uid: account.metadata.uid,
    audiences: aud,
    expires,
  });
  return {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace, creationTimestamp: kubeTime(server.now()) },
    spec: { audiences: aud, expirationSeconds: seconds, boundObjectRef: null },
    status: { token, expirationTimestamp: kubeTime(expires * 1000) },
  };
}
