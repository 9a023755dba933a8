import type { FineTuneJob } from '../../api/index.js';
import type { CacheEvent } from '../../kube/index.js';
import type { JobEvent } from './job-event.js';

/** Shows what is watched to whoever looks. */
export interface View {
  job(change: CacheEvent<FineTuneJob>): void;
  event(event: JobEvent): void;
  /** Shows what was not shown yet, and gives the terminal back. */
  close(): void;
}
