import type { User } from '../auth/user.js';
import type { ResourceRegistry } from '../resources/resource-registry.js';
import type { Store } from '../storage/store.js';

/** What every request handler needs. */
export interface ApiContext {
  store: Store;
  registry: ResourceRegistry;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** How a write is to be done, from the query of the request. */
export interface WriteOptions {
  /** Field manager: the `fieldManager` parameter, else the first part of the User-Agent. */
  manager: string;
  dryRun: boolean;
  fieldValidation: 'Ignore' | 'Warn' | 'Strict';
  /** Warnings for the client are added here. */
  warnings: string[];
  /** Who writes, for admission; nobody: the server itself. */
  user?: User;
}
