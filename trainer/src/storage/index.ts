export { below, type Destination } from './destination.js';
export { fetchInputs, type LocalJob } from './fetch-inputs.js';
export { fetchSource, type FetchContext, type Fetched, type Wanted } from './fetch-source.js';
export { localPathOf } from './local-path.js';
export { writerOf, type Manifest, type Writer } from './manifest.js';
export { openDestination, type DestinationRequest } from './open-destination.js';
export { openStorage } from './open-storage.js';
export type { SourceContext } from './source.js';
export { SILENT, type TransferLog } from './transfer-log.js';
