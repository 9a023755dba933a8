import type { DataReport } from './data-report.js';
import type { Example } from './encode-conversation.js';

/** The examples of one source that are trained, and how often an epoch draws them. */
export interface WeightedExamples {
  readonly examples: readonly Example[];
  /** Passes over the source in one epoch; 0.5 draws half of its examples. */
  readonly weight: number;
}

/** A data set as a run needs it. */
export interface PreparedData {
  readonly train: readonly WeightedExamples[];
  readonly validation: readonly Example[];
  readonly test: readonly Example[];
  /** Fills the right of shorter rows. */
  readonly padId: number;
  /** Ids at which a generated answer ends. */
  readonly stopIds: readonly number[];
  readonly report: DataReport;
}
