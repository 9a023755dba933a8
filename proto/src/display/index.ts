/** What both the commands and the trainer know of terminals: widths, lines and columns. Pure. */
export { displayWidth } from './display-width.js';
export { sideBySide, type TextColumn } from './side-by-side.js';
export { withoutControls, wrapLines } from './wrap-lines.js';
