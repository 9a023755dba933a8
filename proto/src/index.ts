export * from './gen/tuneyard/v1/config.js';
export * from './gen/tuneyard/v1/coordinator.js';
export * from './gen/tuneyard/v1/collective.js';
