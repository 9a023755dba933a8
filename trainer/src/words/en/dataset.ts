/** What is wrong with a whole data set or a file of it. `place` is the file, with a line where there is one. */
export const dataset = {
  unknownFormat: (name: string, known: string) =>
    `dataset format "${name}" is unknown; use auto or one of ${known}.`,
  noFields: (place: string) =>
    `${place}: cannot tell the format of a row with no fields; expected instruction/output, messages, conversations, prompt/completion, question/answer or text.`,
  nameColumns: (place: string, fields: string, option: string) =>
    `${place}: cannot tell the format of a row with ${fields}; name its columns, such as ${option} (dataset.sources[].columns in a job).`,
  andMore: (list: string, count: string) => `${list} and ${count} more`,
  listExpected: (fields: string) =>
    `expected a list of rows; this is an object with ${fields}: take the list out`,
  noColumn: (path: string, field: string, column: string, columns: string) =>
    `${path}.columns.${field}: there is no column "${column}"; the columns are ${columns}.`,
  noField: (path: string, field: string) =>
    `${path}.columns: no format has a field "${field}"; on the left stand fields such as instruction, output, messages or text.`,
  swapped: (path: string, field: string, column: string) =>
    `${path}.columns: no format has a field "${field}"; write it the other way round, ${column}=${field}.`,
  columnTwice: (place: string, column: string) =>
    `${place}: the column "${column}" is there twice: rename one of them.`,
  preference: (place: string, field: string) =>
    `${place}: "${field}" makes this preference data, which is not trained: supervised tuning learns every answer as wanted; keep the wanted answers only, or name their column in columns, such as output: chosen.`,
  wantedOrNot: (place: string, field: string) =>
    `${place}: "${field}" says whether an answer is wanted, which makes this preference data: supervised tuning learns every answer as wanted; keep the rows whose "${field}" is true, without that field.`,
  tooManyFiles: (path: string, most: string) => `${path} has more than ${most} data files.`,
  noDataFile: (path: string, kinds: string) => `${path} has no data file (${kinds}).`,
  missing: (path: string) => `${path} does not exist.`,
  unreadable: (path: string, why: string) => `${path} cannot be read: ${why}`,
  notAFile: (path: string) => `${path} is not a file.`,
  notJson: (place: string, why: string) => `${place}: not valid JSON (${why}).`,
  noRows: (path: string) => `${path} holds no rows; a data set needs at least one.`,
  allHeldBack: (rows: string, splits: string) =>
    `the data set has no row to train on: of ${rows} rows, dataset.split gives ${splits}; raise dataset.split.train (1 trains on all of them), or add rows.`,
  rowsTo: (rows: string, split: string) => `${rows} to ${split}`,
  and: ' and ',
  noneUsable: (rows: string) => `the data set has no usable row to train on among ${rows} rows.`,
  noneUsableFirst: (rows: string, place: string, reason: string) =>
    `the data set has no usable row to train on among ${rows} rows (the first one left out is ${place}: ${reason}).`,
};
