/** Three times what the largest published files of a model folder hold. */
const MOST_JSON_VALUES = 8_000_000;
const DEEPEST_JSON = 200;

const [QUOTE, BACKSLASH, COMMA, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [
  0x22, 0x5c, 0x2c, 0x5b, 0x5d, 0x7b, 0x7d,
];

/**
 * What makes a JSON text too much to be parsed: a few megabytes can hold values that take gigabytes, or lists in lists that end
 * the process. Undefined for any other, sound or not.
 */
export function giantJson(bytes: Uint8Array): string | undefined {
  let values = 1;
  let depth = 0;
  for (let at = 0; at < bytes.length; at++) {
    const code = bytes[at];
    if (code === QUOTE) {
      for (at++; at < bytes.length && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++;
    } else if (code === COMMA) {
      values++;
    } else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      values++;
      if (++depth > DEEPEST_JSON) return `is nested more than ${DEEPEST_JSON} deep`;
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) {
      depth--;
    }
  }
  return values > MOST_JSON_VALUES ? `holds more than ${MOST_JSON_VALUES} values` : undefined;
}
