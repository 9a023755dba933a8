import { reviewWrite } from '../admission/write-review.js';
import type { ApiContext, WriteOptions } from '../crud/api-context.js';
import { getObject, updateObject } from '../crud/update-object.js';
import { at, cloneJson, isObject, objectOr, objectsOf, stringOr, type JsonObject } from '../json.js';
import { kubeTime } from '../kube-object.js';
import type { ResourceType } from '../resources/resource-type.js';
import { badRequest, conflict, invalid } from '../status-error.js';
import { requiredValue } from '../schema/validate.js';

/** Binds a pod to a node and marks it scheduled. Throws StatusError 404, 409 (already bound, being deleted) or 422. */
export function bindPod(
  context: ApiContext,
  type: ResourceType,
  namespace: string,
  name: string,
  binding: JsonObject,
  options: WriteOptions,
): void {
  const nodeName = stringOr(at(binding, 'target', 'name'), '');
  if (!nodeName) throw invalid('', 'Binding', name, [requiredValue('target.name')]);
  const kind = at(binding, 'target', 'kind');
  if (kind !== undefined && kind !== '' && kind !== 'Node')
    throw badRequest('the target of a binding must be a Node');
  reviewWrite(context, {
    operation: 'CREATE',
    type,
    namespace,
    name,
    subresource: 'binding',
    kind: { group: '', version: 'v1', kind: 'Binding' },
    object: binding,
    oldObject: null,
    dryRun: options.dryRun,
    user: options.user,
    warnings: options.warnings,
  });
  const pod = cloneJson(getObject(context, type, namespace, name));
  const spec = objectOr(pod['spec']);
  if (pod.metadata.deletionTimestamp)
    throw conflict(type, name, `pod ${name} is being deleted, cannot be assigned to a host`);
  if (spec['nodeName'])
    throw conflict(type, name, `pod ${name} is already assigned to node "${stringOr(spec['nodeName'], '')}"`);
  spec['nodeName'] = nodeName;
  const annotations = at(binding, 'metadata', 'annotations');
  if (isObject(annotations)) Object.assign((pod.metadata.annotations ??= {}), annotations);
  const status = objectOr(pod['status']);
  const others = objectsOf(status['conditions']).filter((condition) => condition['type'] !== 'PodScheduled');
  status['conditions'] = [
    ...others,
    {
      type: 'PodScheduled',
      status: 'True',
      lastProbeTime: null,
      lastTransitionTime: kubeTime(context.now()),
    },
  ];
  // Both the spec and the status change, in one write, which only this subresource may do.
  const binder: ResourceType = { ...type, strategy: { statusSubresource: false, generation: false } };
  const { user: _reviewed, ...asServer } = options;
  updateObject(context, binder, namespace, name, pod, { ...asServer, subresource: 'binding' });
}
