import type { ResourceType } from './resource-type.js';

/** Every resource that is served now. Custom ones come and go with their CustomResourceDefinitions. */
export class ResourceRegistry {
  private readonly types = new Map<string, ResourceType>();
  /** Changes whenever the set of resources does; documents derived from it are cached under it. */
  generation = 0;

  add(type: ResourceType): void {
    this.types.set(key(type.group, type.version, type.resource), type);
    this.generation += 1;
  }

  removeBucket(bucket: string): void {
    for (const [id, type] of this.types) if (type.bucket === bucket) this.types.delete(id);
    this.generation += 1;
  }

  find(group: string, version: string, resource: string): ResourceType | undefined {
    return this.types.get(key(group, version, resource));
  }

  findKind(apiVersion: string, kind: string): ResourceType | undefined {
    const slash = apiVersion.indexOf('/');
    const group = slash < 0 ? '' : apiVersion.slice(0, slash);
    const version = apiVersion.slice(slash + 1);
    return this.all().find((type) => type.group === group && type.version === version && type.kind === kind);
  }

  /** A type that serves the objects of a bucket in their stored version. */
  forBucket(bucket: string): ResourceType | undefined {
    const served = this.all().filter((type) => type.bucket === bucket);
    return (
      served.find(
        (type) => `${type.group ? `${type.group}/` : ''}${type.version}` === type.storedApiVersion,
      ) ?? served[0]
    );
  }

  all(): ResourceType[] {
    return [...this.types.values()];
  }
}

function key(group: string, version: string, resource: string): string {
  return `${group}/${version}/${resource}`;
}
