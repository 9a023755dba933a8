import type { ApiContext } from '../crud/api-context.js';
import { deleteObject } from '../crud/delete-object.js';
import { finishDeletion } from '../crud/finish-deletion.js';
import type { KubeObject, OwnerReference } from '../kube-object.js';
import type { ObjectAddress } from '../storage/owner-index.js';
import type { StoreEvent } from '../storage/event-log.js';

/**
 * Deletes dependents when their last owner is gone, and carries out foreground deletion and orphaning. Works off the
 * store's events, after the turn in which they happened.
 */
export class GarbageCollector {
  private readonly queue: (() => void)[] = [];
  private scheduled = false;
  private readonly stopListening: () => void;

  constructor(private readonly context: ApiContext) {
    this.stopListening = context.store.subscribe('*', (event) => this.notice(event));
  }

  stop(): void {
    this.stopListening();
    this.queue.length = 0;
  }

  /** Looks at what was there before this object was: owners may have gone, deletions may be half done. */
  resume(): void {
    for (const bucket of this.context.store.bucketKeys()) {
      for (const { metadata } of this.context.store.bucket(bucket).list(undefined)) {
        if (metadata.ownerReferences?.length) {
          this.later(() =>
            this.collectIfOrphaned({ bucket, namespace: metadata.namespace ?? '', name: metadata.name }),
          );
        }
        if (metadata.deletionTimestamp && metadata.finalizers?.some(isOwn))
          this.later(() => this.reviewOwner(metadata.uid));
      }
    }
  }

  private notice(event: StoreEvent): void {
    const { metadata } = event.object;
    if (event.type === 'DELETED') {
      this.later(() => this.ownerGone(metadata.uid));
      for (const owner of metadata.ownerReferences ?? []) this.later(() => this.reviewOwner(owner.uid));
      return;
    }
    if (event.type === 'ADDED' && metadata.ownerReferences?.length) {
      this.later(() =>
        this.collectIfOrphaned({
          bucket: event.bucket,
          namespace: metadata.namespace ?? '',
          name: metadata.name,
        }),
      );
    }
    if (metadata.deletionTimestamp && metadata.finalizers?.some(isOwn))
      this.later(() => this.reviewOwner(metadata.uid));
    if (metadata.deletionTimestamp) {
      for (const owner of metadata.ownerReferences ?? []) this.later(() => this.reviewOwner(owner.uid));
    }
  }

  private later(task: () => void): void {
    this.queue.push(task);
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      for (const next of this.queue.splice(0)) next();
    });
  }

  private read(address: ObjectAddress | undefined): KubeObject | undefined {
    return address && this.context.store.bucket(address.bucket).get(address.namespace, address.name);
  }

  private ownerGone(uid: string): void {
    for (const address of this.context.store.owners.dependentsOf(uid)) this.collectIfOrphaned(address);
  }

  /** Deletes an object none of whose owners is there any more; otherwise drops the references that dangle. */
  private collectIfOrphaned(address: ObjectAddress): void {
    const object = this.read(address);
    const owners = object?.metadata.ownerReferences;
    if (!object || !owners?.length) return;
    const alive = owners.filter((owner) => this.context.store.owners.find(owner.uid) !== undefined);
    if (alive.length === owners.length) return;
    if (alive.length === 0) this.remove(address, 'Background');
    else this.putReferences(address, object, alive);
  }

  private reviewOwner(uid: string): void {
    const address = this.context.store.owners.find(uid);
    const owner = this.read(address);
    if (!address || !owner?.metadata.deletionTimestamp) return;
    const dependents = this.context.store.owners.dependentsOf(uid);
    if (owner.metadata.finalizers?.includes('orphan')) {
      for (const dependent of dependents) {
        const object = this.read(dependent);
        if (object)
          this.putReferences(
            dependent,
            object,
            (object.metadata.ownerReferences ?? []).filter((ref) => ref.uid !== uid),
          );
      }
      this.release(address, owner, 'orphan');
    } else if (owner.metadata.finalizers?.includes('foregroundDeletion')) {
      for (const dependent of dependents) {
        if (!this.read(dependent)?.metadata.deletionTimestamp) this.remove(dependent, 'Foreground');
      }
      const blocking = this.context.store.owners
        .dependentsOf(uid)
        .some((dependent) =>
          this.read(dependent)?.metadata.ownerReferences?.some(
            (ref) => ref.uid === uid && ref.blockOwnerDeletion,
          ),
        );
      if (!blocking) this.release(address, owner, 'foregroundDeletion');
    }
  }

  private remove(address: ObjectAddress, propagationPolicy: 'Background' | 'Foreground'): void {
    const type = this.context.registry.forBucket(address.bucket);
    if (type && this.read(address)) {
      deleteObject(this.context, type, address.namespace, address.name, { propagationPolicy, dryRun: false });
    }
  }

  private putReferences(address: ObjectAddress, object: KubeObject, ownerReferences: OwnerReference[]): void {
    const metadata = { ...object.metadata, ownerReferences };
    if (ownerReferences.length === 0) delete (metadata as Partial<typeof metadata>).ownerReferences;
    this.context.store.put(address.bucket, { ...object, metadata });
  }

  /** Takes a finalizer away and finishes the deletion when it was the last. */
  private release(address: ObjectAddress, owner: KubeObject, finalizer: string): void {
    const finalizers = (owner.metadata.finalizers ?? []).filter((name) => name !== finalizer);
    const metadata = { ...owner.metadata, finalizers };
    if (finalizers.length === 0) delete (metadata as Partial<typeof metadata>).finalizers;
    const released = { ...owner, metadata };
    const type = this.context.registry.forBucket(address.bucket);
    if (type && finishDeletion(this.context, type, released)) return;
    this.context.store.put(address.bucket, released);
  }
}

const isOwn = (finalizer: string): boolean => finalizer === 'orphan' || finalizer === 'foregroundDeletion';
