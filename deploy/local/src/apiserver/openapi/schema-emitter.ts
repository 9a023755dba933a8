import type { JsonObject } from '../json.js';
import type { SchemaNode } from '../schema/schema-node.js';

/** Writes schemas as OpenAPI, collecting the named types that they refer to. */
export class SchemaEmitter {
  readonly components: Record<string, JsonObject> = {};

  constructor(private readonly refPrefix: string) {}

  /** Schema at a place of use: a reference when the type has a name. */
  emit(node: SchemaNode): JsonObject {
    if (!node.name) return this.body(node);
    this.define(node.name, node);
    return { $ref: `${this.refPrefix}${node.name}` };
  }

  /** Adds a component under a name; `extra` members are put on top. */
  define(name: string, node: SchemaNode, extra: JsonObject = {}): void {
    const existing = this.components[name];
    if (existing) {
      Object.assign(existing, extra);
      return;
    }
    // Registered before its members, which may refer back to it.
    const component: JsonObject = {};
    this.components[name] = component;
    Object.assign(component, this.body(node), extra);
  }

  private body(node: SchemaNode): JsonObject {
    const {
      name: _name,
      builtin,
      properties,
      items,
      additionalProperties,
      allOf,
      anyOf,
      oneOf,
      not,
      format,
      ...rest
    } = node;
    const many = (list: SchemaNode[]): JsonObject[] => list.map((part) => this.body(part));
    const result: JsonObject = { ...rest };
    if (format && format !== 'quantity') result['format'] = format;
    if (format === 'quantity' || (node['x-kubernetes-int-or-string'] && !anyOf)) {
      delete result['type'];
      result['oneOf'] = [{ type: 'string' }, { type: 'integer' }];
    }
    if (properties) {
      result['properties'] = Object.fromEntries(
        Object.entries(properties).map(([key, child]) => [key, this.emit(child)]),
      );
    }
    if (items) result['items'] = this.emit(items);
    if (additionalProperties !== undefined) {
      result['additionalProperties'] =
        typeof additionalProperties === 'boolean' ? additionalProperties : this.emit(additionalProperties);
    }
    if (allOf) result['allOf'] = many(allOf);
    if (anyOf) result['anyOf'] = many(anyOf);
    if (oneOf) result['oneOf'] = many(oneOf);
    if (not) result['not'] = this.body(not);
    if (builtin) addPatchStrategy(node, result);
    return result;
  }
}

/** kubectl computes strategic merge patches from these. */
function addPatchStrategy(node: SchemaNode, result: JsonObject): void {
  const key = node['x-kubernetes-list-map-keys']?.[0];
  if (node['x-kubernetes-list-type'] === 'map' && key) {
    result['x-kubernetes-patch-merge-key'] = key;
    result['x-kubernetes-patch-strategy'] = 'merge';
  } else if (node['x-kubernetes-list-type'] === 'set') {
    result['x-kubernetes-patch-strategy'] = 'merge';
  }
}

/** Component name of a kind: group reversed, as Kubernetes names custom kinds. */
export function kindComponent(group: string, version: string, kind: string): string {
  return [...group.split('.').reverse(), version, kind].filter(Boolean).join('.');
}
