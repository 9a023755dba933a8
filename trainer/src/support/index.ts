export { cacheRoot } from './cache-root.js';
export { loadFfi, type Ffi } from './ffi.js';
export { copyInSlices, copyOf, inSlices } from './in-slices.js';
export { Random } from './random.js';
export { isJsonObject, JsonFields, readJsonFile, type JsonObject } from './read-json-file.js';
export {
  dataFilesAmong,
  dataKindOf,
  DATA_EXTENSIONS,
  type DataExtension,
  type DataKind,
} from './data-kinds.js';
export { decodeUtf8, firstBadLine, readUtf8File } from './decode-utf8.js';
export { giantJson } from './giant-json.js';
export { notTheFile } from './not-the-file.js';
