export type JobEventType =
  'membership' | 'progress' | 'checkpoint' | 'finished' | 'lost' | 'expelled' | 'straggler' | 'lifecycle';

/** Something that happened to a job, for the command line, consoles and other systems. */
export interface JobEvent {
  /** Unique for what happened: the same event published twice is delivered once. */
  readonly id: string;
  readonly namespace: string;
  readonly job: string;
  readonly type: JobEventType;
  /** ISO 8601. */
  readonly time: string;
  /** JSON. */
  readonly data: unknown;
}

export interface EventFilter {
  readonly namespace?: string;
  readonly job?: string;
  /** `beginning` replays what the bus still holds; `now` (the default) starts with the next event. */
  readonly from?: 'beginning' | 'now';
  /** Name of a position that the bus remembers: a consumer that returns goes on where it stopped. */
  readonly durable?: string;
}

export interface EventSubscription {
  /** Stops delivery; a durable position stays. */
  close(): Promise<void>;
}

/** Carries lifecycle and progress events, at least once, in the order of publication of each job. */
export interface EventBus {
  /** Resolves when the bus has it; the same id within two minutes is stored once. */
  publish(event: JobEvent): Promise<void>;
  /** Delivers one event at a time; an event whose handler rejects is delivered again. */
  subscribe(filter: EventFilter, handler: (event: JobEvent) => Promise<void>): Promise<EventSubscription>;
  close(): Promise<void>;
}
