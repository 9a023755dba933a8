/** How processes of one command live and end together. */
export { endWithParent } from './end-with-parent.js';
export { openTemporaryFolder, type TemporaryFolder } from './temporary-folder.js';
