export { adamwStep, decays, type AdamWOptions, type Moments, type ParameterRange } from './adamw.js';
export { clipFactor, gradientNorm } from './clip.js';
export { learningRateAt, SCHEDULERS, warmupStepsOf, type Schedule } from './schedule.js';
