import { objectOr, textOf } from '../json.js';
import type { KubeObject } from '../kube-object.js';
import { forbidden, type ErrorSubject } from '../status-error.js';
import type { Store } from '../storage/store.js';

const bucket = 'scheduling.k8s.io/priorityclasses';

/** The classes that every cluster has. */
export const defaultPriorityClasses = [
  { metadata: { name: 'system-cluster-critical' }, value: 2_000_000_000 },
  { metadata: { name: 'system-node-critical' }, value: 2_000_001_000 },
];

const numberOr = (value: unknown, otherwise: number): number =>
  typeof value === 'number' ? value : otherwise;

/** The class of pods that name none: of those marked as global default, the lowest. */
function defaultClass(store: Store): KubeObject | undefined {
  return store
    .bucket(bucket)
    .list(undefined)
    .filter((candidate) => candidate['globalDefault'] === true)
    .sort((a, b) => numberOr(a['value'], 0) - numberOr(b['value'], 0))[0];
}

/** Fills in a new pod's priority and preemption policy from its PriorityClass. Throws StatusError 403. */
export function admitPriority(pod: KubeObject, store: Store, subject: ErrorSubject): void {
  const spec = objectOr(pod['spec']);
  const named = spec['priorityClassName'];
  let found: KubeObject | undefined;
  if (typeof named === 'string' && named !== '') {
    found = store.bucket(bucket).get('', named);
    if (!found) throw forbidden(subject, pod.metadata.name, `no PriorityClass with name ${named} was found`);
  } else {
    found = defaultClass(store);
    if (found) spec['priorityClassName'] = found.metadata.name;
  }
  const priority = numberOr(found?.['value'], 0);
  if (spec['priority'] !== undefined && spec['priority'] !== null && spec['priority'] !== priority) {
    throw forbidden(
      subject,
      pod.metadata.name,
      `the integer value of priority (${textOf(spec['priority'])}) must not be provided in pod spec; ` +
        `priority admission controller computed ${priority} from the given PriorityClass name`,
    );
  }
  spec['priority'] = priority;
  spec['preemptionPolicy'] ??= found?.['preemptionPolicy'] ?? 'PreemptLowerPriority';
}
