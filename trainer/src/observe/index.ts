export type { Observer, StepFigures } from './observer.js';
export { LoggingObserver } from './logging-observer.js';
export { TrainerMetrics } from './trainer-metrics.js';
export { serveMetrics } from './metrics-server.js';
