import type { ApiContext } from '../crud/api-context.js';
import { deleteObject } from '../crud/delete-object.js';
import { objectOr, objectsOf, type JsonObject } from '../json.js';
import { kubeTime, type KubeObject } from '../kube-object.js';
import type { StoreEvent } from '../storage/event-log.js';
import { customResources } from './custom-resources.js';

const bucketKey = 'apiextensions.k8s.io/customresourcedefinitions';
const finalizer = 'customresourcecleanup.apiextensions.k8s.io';

/** Serves the resources of CustomResourceDefinitions, marks them Established, and cleans up after deleted ones. */
export class DefinitionLifecycle {
  private readonly stops: (() => void)[];

  constructor(private readonly context: ApiContext) {
    this.stops = [
      context.store.subscribe(bucketKey, (event) => this.notice(event)),
      context.store.subscribe('*', (event) => {
        if (event.type === 'DELETED' && event.bucket !== bucketKey) this.instanceGone(event.bucket);
      }),
    ];
  }

  stop(): void {
    for (const stop of this.stops) stop();
  }

  /** Serves what was there before this object was. */
  resume(): void {
    for (const definition of this.context.store.bucket(bucketKey).list(undefined)) this.serve(definition);
  }

  private notice(event: StoreEvent): void {
    if (event.type === 'DELETED') {
      this.context.registry.removeBucket(instancesOf(event.object));
      return;
    }
    const before = event.previous?.['spec'];
    if (before !== event.object['spec']) this.serve(event.object);
    setImmediate(() => this.review(event.object.metadata.name));
  }

  private serve(definition: KubeObject): void {
    this.context.registry.removeBucket(instancesOf(definition));
    for (const type of customResources(definition)) this.context.registry.add(type);
  }

  private review(name: string): void {
    const definition = this.context.store.bucket(bucketKey).get('', name);
    if (!definition) return;
    if (definition.metadata.deletionTimestamp) {
      this.empty(definition);
      return;
    }
    const status = objectOr(definition['status']);
    const established = objectsOf(status['conditions']).some(
      (condition) => condition['type'] === 'Established',
    );
    if (established && definition.metadata.finalizers?.includes(finalizer)) return;
    const finalizers = [...new Set([...(definition.metadata.finalizers ?? []), finalizer])];
    this.context.store.put(bucketKey, {
      ...definition,
      metadata: { ...definition.metadata, finalizers },
      status: {
        ...status,
        conditions: this.conditions(),
        acceptedNames: objectOr(definition['spec'])['names'],
      },
    });
  }

  private conditions(): JsonObject[] {
    const lastTransitionTime = kubeTime(this.context.now());
    return [
      {
        type: 'NamesAccepted',
        status: 'True',
        reason: 'NoConflicts',
        message: 'no conflicts found',
        lastTransitionTime,
      },
      {
        type: 'Established',
        status: 'True',
        reason: 'InitialNamesAccepted',
        message: 'the initial names have been accepted',
        lastTransitionTime,
      },
    ];
  }

  private empty(definition: KubeObject): void {
    const bucket = instancesOf(definition);
    const type = this.context.registry.forBucket(bucket);
    for (const object of this.context.store.bucket(bucket).list(undefined)) {
      if (type && !object.metadata.deletionTimestamp) {
        deleteObject(this.context, type, object.metadata.namespace ?? '', object.metadata.name, {
          dryRun: false,
        });
      }
    }
    if (this.context.store.bucket(bucket).size > 0) return;
    const finalizers = (definition.metadata.finalizers ?? []).filter((name) => name !== finalizer);
    if (finalizers.length > 0) {
      if (finalizers.length === definition.metadata.finalizers?.length) return;
      this.context.store.put(bucketKey, { ...definition, metadata: { ...definition.metadata, finalizers } });
    } else {
      this.context.store.remove(bucketKey, '', definition.metadata.name);
    }
  }

  private instanceGone(bucket: string): void {
    const [group = '', resource = ''] = bucket.split('/');
    const name = `${resource}.${group}`;
    const definition = this.context.store.bucket(bucketKey).get('', name);
    if (definition?.metadata.deletionTimestamp) setImmediate(() => this.review(name));
  }
}

function instancesOf(definition: KubeObject): string {
  const spec = objectOr(definition['spec']);
  return `${String(spec['group'])}/${String(objectOr(spec['names'])['plural'])}`;
}
