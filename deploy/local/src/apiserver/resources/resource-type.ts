import type { KubeObject } from '../kube-object.js';
import type { JsonObject } from '../json.js';
import type { SchemaNode } from '../schema/schema-node.js';
import type { ErrorSubject, StatusCause } from '../status-error.js';
import type { Store } from '../storage/store.js';

export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';

export const allVerbs: readonly Verb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];

/** A column of the table form. */
export interface ColumnDefinition {
  name: string;
  type: string;
  format?: string;
  description?: string;
  /** 0 is always shown, anything higher only with `-o wide`. */
  priority: number;
  /** Cell of an object; `now` in milliseconds since the epoch. */
  cell: (object: JsonObject, now: number) => unknown;
}

/** What is special about a kind. Hooks get a copy that they may change. */
export interface Strategy {
  /** The status is a subresource: writes to the object leave it, writes to `/status` change nothing else. */
  statusSubresource: boolean;
  /** A new object keeps the status it is posted with (nodes). */
  keepStatusOnCreate?: boolean;
  /** metadata.generation counts changes outside metadata and status. */
  generation: boolean;
  prepareCreate?: (object: KubeObject) => void;
  /** After prepareCreate: what depends on other objects. Throws StatusError to refuse. */
  admit?: (object: KubeObject, store: Store, subject: ErrorSubject) => void;
  /** Of a new object that is valid and that no policy refused. Throws StatusError to refuse. */
  review?: (object: KubeObject, store: Store, subject: ErrorSubject) => void;
  prepareUpdate?: (object: KubeObject, old: KubeObject) => void;
  validate?: (object: KubeObject, old: KubeObject | undefined, causes: StatusCause[]) => void;
  /** Names must be DNS labels, DNS subdomains (default), or path segments (RBAC). */
  nameRule?: 'label' | 'subdomain' | 'path';
  /** Seconds that a deletion waits for somebody to finish it; 0 removes at once. */
  gracePeriod?: (object: KubeObject, requested: number | undefined) => number;
}

export interface ScalePaths {
  specReplicas: string[];
  statusReplicas: string[];
  /** Path of the label selector (string, or LabelSelector object). */
  selector?: string[];
}

/** One resource as it is served at one version. */
export interface ResourceType extends ErrorSubject {
  group: string;
  version: string;
  /** Plural, lower case. */
  resource: string;
  singular: string;
  kind: string;
  listKind: string;
  shortNames: readonly string[];
  categories: readonly string[];
  namespaced: boolean;
  verbs: readonly Verb[];
  /** Names under the object: `status`, `scale`, `log`, `binding`, `eviction`, `token`, `finalize`, `approval`. */
  subresources: readonly string[];
  /** Where its objects are stored; versions of one resource share it. */
  bucket: string;
  /** apiVersion of stored objects. */
  storedApiVersion: string;
  /** True for kinds that came with a CustomResourceDefinition. */
  custom: boolean;
  strategy: Strategy;
  scale?: ScalePaths;
  columns: readonly ColumnDefinition[];
  /** undefined: any object is taken as it is. */
  schema: () => SchemaNode | undefined;
  /** Field paths that field selectors may name besides metadata.name and metadata.namespace. */
  selectableFields: readonly string[];
  /** Stored form to served form, where they differ by more than apiVersion. */
  toServed?: (object: KubeObject) => KubeObject;
  /** Served form to stored form. */
  toStored?: (object: KubeObject) => KubeObject;
}

export function apiVersionOf(type: { group: string; version: string }): string {
  return type.group ? `${type.group}/${type.version}` : type.version;
}
