export { ControllerMetrics } from './controller-metrics.js';
export { splitAddress, startStatusServer } from './status-server.js';
export type { StatusServer, StatusServerOptions } from './status-server.js';
