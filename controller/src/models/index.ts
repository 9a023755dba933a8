export { hubModelAddress, type HubModel } from './hub-model.js';
export { hubEndpoint, HubModels, type HubModelsOptions } from './hub-models.js';
export { readModelShape } from './read-model-shape.js';
