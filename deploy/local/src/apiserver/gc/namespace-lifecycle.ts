import { createObject } from '../crud/create-object.js';
import type { ApiContext } from '../crud/api-context.js';
import { deleteObject } from '../crud/delete-object.js';
import { objectOr } from '../json.js';
import type { KubeObject } from '../kube-object.js';
import type { StoreEvent } from '../storage/event-log.js';

const options = {
  manager: 'tuneyard-apiserver',
  dryRun: false,
  fieldValidation: 'Ignore' as const,
  warnings: [],
};

/** Gives every namespace its default service account, and empties and removes namespaces that are being deleted. */
export class NamespaceLifecycle {
  private readonly stopListening: () => void;
  private readonly terminating = new Set<string>();

  constructor(private readonly context: ApiContext) {
    this.stopListening = context.store.subscribe('*', (event) => this.notice(event));
  }

  stop(): void {
    this.stopListening();
  }

  /** Looks at the namespaces that were there before this object was. */
  resume(): void {
    for (const namespace of this.context.store.bucket('/namespaces').list(undefined)) this.review(namespace);
  }

  private notice(event: StoreEvent): void {
    if (event.bucket === '/namespaces') {
      if (event.type === 'DELETED') this.terminating.delete(event.object.metadata.name);
      else setImmediate(() => this.review(event.object));
      return;
    }
    const namespace = event.object.metadata.namespace;
    if (event.type === 'DELETED' && namespace && this.terminating.has(namespace)) {
      setImmediate(() => this.finishWhenEmpty(namespace));
    }
  }

  private review(namespace: KubeObject): void {
    const { name } = namespace.metadata;
    if (!namespace.metadata.deletionTimestamp) {
      this.ensureServiceAccount(name);
      return;
    }
    if (this.terminating.has(name)) return;
    this.terminating.add(name);
    for (const bucket of this.context.store.bucketKeys()) {
      const type = this.context.registry.forBucket(bucket);
      if (!type?.namespaced) continue;
      for (const object of this.context.store.bucket(bucket).list(name)) {
        deleteObject(this.context, type, name, object.metadata.name, {
          dryRun: false,
          propagationPolicy: 'Background',
        });
      }
    }
    this.finishWhenEmpty(name);
  }

  private ensureServiceAccount(namespace: string): void {
    const type = this.context.registry.find('', 'v1', 'serviceaccounts')!;
    const { store } = this.context;
    if (
      !store.bucket('/namespaces').get('', namespace) ||
      store.bucket(type.bucket).get(namespace, 'default')
    )
      return;
    createObject(this.context, type, namespace, { metadata: { name: 'default' } }, options);
  }

  private finishWhenEmpty(name: string): void {
    const { store, registry } = this.context;
    const left = store
      .bucketKeys()
      .some((bucket) => registry.forBucket(bucket)?.namespaced && store.bucket(bucket).list(name).length > 0);
    const namespace = store.bucket('/namespaces').get('', name);
    if (left || !namespace?.metadata.deletionTimestamp) return;
    const held = namespace.metadata.finalizers?.length;
    store.put('/namespaces', { ...namespace, spec: { ...objectOr(namespace['spec']), finalizers: [] } });
    if (!held) store.remove('/namespaces', '', name);
  }
}
