export { plotLoss, type LossPoint } from './loss-plot.js';
export { ProgressDisplay, duration, type ProgressFigures, type Terminal } from './progress-display.js';
export { fitLine } from './fit-line.js';
export { formatTable } from './format-table.js';
