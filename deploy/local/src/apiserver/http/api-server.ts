import type { Authenticator } from '../auth/authenticator.js';
import type { Authorizer } from '../auth/authorizer.js';
import type { ApiContext } from '../crud/api-context.js';
import type { FaultInjector } from '../faults/fault-injector.js';
import type { WatchHub } from '../watch/watch-hub.js';

/** Everything that request handlers share. */
export interface ApiServer extends ApiContext {
  hub: WatchHub;
  faults: FaultInjector;
  authenticator: Authenticator;
  authorizer: Authorizer;
  /** Seconds between watch bookmarks. */
  bookmarkSeconds: number;
}
