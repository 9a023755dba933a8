import type { KubeObject } from '../kube-object.js';
import { apiVersionOf, type ResourceType } from '../resources/resource-type.js';

/** A stored object as it is served at a version. Same object when nothing differs, so cached JSON is shared. */
export function toServed(type: ResourceType, object: KubeObject): KubeObject {
  if (type.toServed) return type.toServed(object);
  const apiVersion = apiVersionOf(type);
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
}

/** A served object as it is stored. */
export function toStored(type: ResourceType, object: KubeObject): KubeObject {
  if (type.toStored) return type.toStored(object);
  return object.apiVersion === type.storedApiVersion
    ? object
    : { ...object, apiVersion: type.storedApiVersion };
}
