import { QUOTAS, quotaTexts, quotaUsage } from '../admission/resource-quotas.js';
import type { ApiContext } from '../crud/api-context.js';
import { at, equalJson, objectOr } from '../json.js';

/** Keeps `status.hard` and `status.used` of ResourceQuotas as the quota controller of a real cluster does. */
export class QuotaStatus {
  private readonly stopListening: () => void;
  private readonly pending = new Set<string>();

  constructor(private readonly context: ApiContext) {
    this.stopListening = context.store.subscribe('*', ({ object }) => this.touch(object.metadata.namespace));
  }

  stop(): void {
    this.stopListening();
    this.pending.clear();
  }

  resume(): void {
    for (const { metadata } of this.context.store.bucket(QUOTAS).list(undefined))
      this.touch(metadata.namespace);
  }

  private touch(namespace: string | undefined): void {
    if (namespace === undefined || this.pending.has(namespace)) return;
    if (this.context.store.bucket(QUOTAS).list(namespace).length === 0) return;
    this.pending.add(namespace);
    // Changes of one turn are counted together.
    setImmediate(() => {
      if (this.pending.delete(namespace)) this.count(namespace);
    });
  }

  private count(namespace: string): void {
    const { store } = this.context;
    for (const quota of store.bucket(QUOTAS).list(namespace)) {
      const hard = objectOr(at(quota, 'spec', 'hard'));
      const status = { hard, used: quotaTexts(quotaUsage(quota, store)) };
      if (!equalJson(status, quota['status'])) store.put(QUOTAS, { ...quota, status });
    }
  }
}
