export { readModelShape } from './read-model-shape.js';
