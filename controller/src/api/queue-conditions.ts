/** What can be said of a queue, each true or false. */
export const QUEUE_CONDITION_TYPES = ['Active', 'Overcommitted'] as const;
export type QueueConditionType = (typeof QUEUE_CONDITION_TYPES)[number];

/** Every reason that a condition of a queue can carry. */
export const QUEUE_REASONS = ['Ready', 'Stopped', 'FlavorNotInPool', 'Overcommitted', 'WithinPool'] as const;
export type QueueReason = (typeof QUEUE_REASONS)[number];
