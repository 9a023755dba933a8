import type { KubeObject } from '../kube-object.js';

/** Where an object lives. */
export interface ObjectAddress {
  bucket: string;
  namespace: string;
  name: string;
}

/** Finds objects by their uid, and the dependents that name a uid among their owner references. */
export class OwnerIndex {
  private readonly byUid = new Map<string, ObjectAddress>();
  private readonly dependents = new Map<string, Map<string, ObjectAddress>>();

  replace(bucket: string, previous: KubeObject | undefined, next: KubeObject | undefined): void {
    if (previous && previous.metadata.uid !== next?.metadata.uid) this.byUid.delete(previous.metadata.uid);
    for (const owner of previous?.metadata.ownerReferences ?? []) {
      const set = this.dependents.get(owner.uid);
      set?.delete(previous!.metadata.uid);
      if (set?.size === 0) this.dependents.delete(owner.uid);
    }
    if (!next) return;
    const address = { bucket, namespace: next.metadata.namespace ?? '', name: next.metadata.name };
    this.byUid.set(next.metadata.uid, address);
    for (const owner of next.metadata.ownerReferences ?? []) {
      let set = this.dependents.get(owner.uid);
      if (!set) this.dependents.set(owner.uid, (set = new Map<string, ObjectAddress>()));
      set.set(next.metadata.uid, address);
    }
  }

  find(uid: string): ObjectAddress | undefined {
    return this.byUid.get(uid);
  }

  dependentsOf(uid: string): ObjectAddress[] {
    return [...(this.dependents.get(uid)?.values() ?? [])];
  }
}
