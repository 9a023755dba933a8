/** Which files are read, and how. `path` is the file. */
export const files = {
  otherDocument: (path: string) =>
    `${path}: this kind of document is not read: save it as .xlsx or as CSV UTF-8.`,
  otherCompression: (path: string) =>
    `${path}: unknown kind of data file; unpack it; of compressed files, those of gzip are read, such as .jsonl.gz.`,
  otherKind: (path: string, known: string) => `${path}: unknown kind of data file; use ${known}.`,
  txtIs: {
    table: (path: string) =>
      `${path} is read as a table, by its first lines; dataset.sources[].format: text reads each line as running text`,
    json: (path: string) =>
      `${path} is read as JSON, by its first line; dataset.sources[].format: text reads each line as running text`,
  },
  unwrapped: (place: string, field: string, others: string) =>
    `${place}: the rows are taken from the list "${field}"${others === '' ? '' : `; not used: ${others}`}`,
};
