export { plotLoss, type LossPoint } from './loss-plot.js';
export { ProgressDisplay, duration, type ProgressFigures, type Terminal } from './progress-display.js';
