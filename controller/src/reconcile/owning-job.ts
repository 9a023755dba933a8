import { FINE_TUNE_JOB_KIND, GROUP } from '../api/index.js';
import type { KubeObject, OwnerReference } from '../kube/index.js';

/** The job that made an object. */
export interface OwningJob {
  /** namespace/name */
  readonly key: string;
  readonly name: string;
  readonly uid: string;
}

/**
 * The job that controls an object; undefined = none does. Labels say nothing of it: whoever may create or edit a pod writes
 * there what he likes. Owner references can be forged too, but then the garbage collector, or the controller, ends the pod.
 */
export function owningJob({ metadata }: KubeObject): OwningJob | undefined {
  const owner = metadata.ownerReferences?.find(isController);
  if (owner === undefined) return undefined;
  const { name, uid } = owner;
  return { key: `${metadata.namespace ?? 'default'}/${name}`, name, uid };
}

const isController = ({ kind, apiVersion, controller }: OwnerReference) =>
  controller === true && kind === FINE_TUNE_JOB_KIND && apiVersion.startsWith(`${GROUP}/`);
