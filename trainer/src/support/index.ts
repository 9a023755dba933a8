export { Random } from './random.js';
export { isJsonObject, JsonFields, readJsonFile, type JsonObject } from './read-json-file.js';
