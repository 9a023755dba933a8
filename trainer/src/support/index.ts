export { cacheRoot } from './cache-root.js';
export { loadFfi, type Ffi } from './ffi.js';
export { copyInSlices, copyOf, inSlices } from './in-slices.js';
export { Random } from './random.js';
export { isJsonObject, JsonFields, readJsonFile, type JsonObject } from './read-json-file.js';
