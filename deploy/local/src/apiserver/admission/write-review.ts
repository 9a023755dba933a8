import type { User } from '../auth/user.js';
import type { ApiContext } from '../crud/api-context.js';
import type { JsonObject } from '../json.js';
import type { ResourceType } from '../resources/resource-type.js';
import { reviewByPolicies } from './review-by-policies.js';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE';

/** A write that is about to be stored, as admission sees it: defaults are filled in and the object is valid. */
export interface WriteReview {
  readonly operation: Operation;
  readonly type: ResourceType;
  readonly namespace: string;
  readonly name: string;
  readonly subresource?: string | undefined;
  /** Kind of `object` where it is another than the resource's: that of a subresource, such as Binding. */
  readonly kind?: { readonly group: string; readonly version: string; readonly kind: string };
  /** null when something is deleted. */
  readonly object: JsonObject | null;
  /** null when something is created. */
  readonly oldObject: JsonObject | null;
  readonly dryRun: boolean;
  /** Who writes; the server's own writes have nobody and are not reviewed. */
  readonly user: User | undefined;
  readonly warnings: string[];
}

/** Throws StatusError when a ValidatingAdmissionPolicy refuses the write. */
export function reviewWrite(context: ApiContext, review: WriteReview): void {
  if (review.user === undefined) return;
  reviewByPolicies(context, review, review.user);
}
