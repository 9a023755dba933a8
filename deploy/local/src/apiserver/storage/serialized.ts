import type { KubeObject } from '../kube-object.js';

const texts = new WeakMap<KubeObject, string>();

/** JSON text of a stored (immutable) object; computed once, shared by lists and every watcher. */
export function jsonOf(object: KubeObject): string {
  let text = texts.get(object);
  if (text === undefined) {
    text = JSON.stringify(object);
    texts.set(object, text);
  }
  return text;
}
